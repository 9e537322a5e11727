"""Opening what a process stands on, in order, and closing it in reverse, whatever happens between."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx

from shared.caching import open_cache
from shared.clock import Clock, system_clock
from shared.contracts.catalogue import TOPICS
from shared.database import Database, Keyring
from shared.messaging.log import EventLog, LogOptions, LogUnavailable, open_log
from shared.runtime.service import CannotBeRight, Parts, Runtime, S, Service
from shared.security import ServiceTokens
from shared.tenants import Tenants
from shared.trusting import client_context

# Other services are near; whoever does not answer in this time is down, and the caller tries again later.
_OUTSIDE = httpx.Timeout(10.0, connect=2.0)
# So long a process of production waits for the log before it begins without it.
_LOG_SECONDS = 5.0
logger = logging.getLogger(__name__)


@contextmanager
def named(variable: str, file: Path | None) -> Iterator[None]:
    """What is wrong with the content of a file is said with its variable. Raises CannotBeRight."""
    try:
        yield
    except (OSError, ValueError) as fault:
        raise CannotBeRight(f"{variable} ({file}): {fault}") from fault


def built(service: Service[S], runtime: Runtime[S]) -> Parts:
    """The service's features; what each community has set is read here. Raises CannotBeRight."""
    try:
        return service.build(runtime)
    except ValueError as fault:
        raise CannotBeRight(str(fault)) from fault


@asynccontextmanager
async def opened(
    service: Service[S], settings: S, role: str, *, clock: Clock = system_clock
) -> AsyncIterator[Runtime[S]]:
    """The runtime of a process: connected where that is needed to begin, closed at the end.

    Raises CannotBeRight, OSError for a database that is away, and in development LogUnavailable for a log that is.
    """
    with named("TENANTS_FILE", settings.tenants_file):
        tenants = Tenants.load(settings.tenants_file)
    with named("MASTER_KEY_FILE", settings.master_key_file):
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
        log = open_log(settings, _log_options(settings))
        open_things.push_async_callback(log.stop)
        await _start(log, settings)
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


def _log_options(settings: S) -> LogOptions:
    options = LogOptions(retention=settings.log_retention, access=settings.kafka_access)
    return replace(options, connect_timeout=_LOG_SECONDS) if settings.mode == "production" else options


async def _start(log: EventLog, settings: S) -> None:
    """In production nothing has to be made there, and nobody waits for it: what is recorded stays in the outbox, the
    consumer and the relay reach for it by themselves, and people go on being served."""
    try:
        await log.start()
    except LogUnavailable as failure:
        if settings.mode != "production":
            raise
        logger.warning("beginning without the event log: %s", failure)
