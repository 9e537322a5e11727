"""Opening what a process stands on, in order, and closing it in reverse, whatever happens between."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx

from shared.caching import open_cache
from shared.clock import Clock, system_clock
from shared.contracts.catalogue import TOPICS
from shared.database import Database, Keyring
from shared.messaging.log import LogOptions, open_log
from shared.runtime.service import Runtime, S, Service
from shared.security import ServiceTokens
from shared.tenants import Tenants
from shared.trusting import client_context

# Other services are near; whoever does not answer in this time is down, and the caller tries again later.
_OUTSIDE = httpx.Timeout(10.0, connect=2.0)


@asynccontextmanager
async def opened(
    service: Service[S], settings: S, role: str, *, clock: Clock = system_clock
) -> AsyncIterator[Runtime[S]]:
    """The runtime of a process: connected where that is needed to begin, closed at the end.

    Raises ValueError for settings that cannot be right, LogUnavailable or OSError for servers that are away.
    """
    tenants = Tenants.load(settings.tenants_file)
    keyring = Keyring.load(settings.master_key_file) if settings.master_key_file else None
    async with AsyncExitStack() as open_things:
        if settings.otlp_endpoint:
            from shared.observing.exporting import start_tracing  # noqa: PLC0415 - the exporter is slow to load

            open_things.callback(start_tracing(service.name, role, settings.otlp_endpoint))
        database = Database(
            settings.database_url, pool=settings.database_pool, application=f"longxi-{service.name}-{role}"
        )
        await database.start()
        open_things.push_async_callback(database.stop)
        log = open_log(settings, LogOptions(retention=settings.log_retention, access=settings.kafka_access))
        await log.start()
        open_things.push_async_callback(log.stop)
        if settings.mode == "development":
            # In production the operator declares the topics, with partitions and access rules.
            await log.ensure_topics(TOPICS, settings.kafka_partitions)
        cache = open_cache(settings.redis_url)
        open_things.push_async_callback(cache.close)
        http = await open_things.enter_async_context(
            httpx.AsyncClient(
                timeout=_OUTSIDE, trust_env=False, verify=client_context(settings.trusted_ca_file)
            )
        )
        yield Runtime(
            settings=settings,
            clock=clock,
            tenants=tenants,
            database=database,
            log=log,
            cache=cache,
            tokens=ServiceTokens(settings, clock=clock, subject=service.name),
            http=http,
            keyring=keyring,
        )
