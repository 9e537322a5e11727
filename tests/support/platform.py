"""The whole platform in one process: four services on real databases and a real event log, with the world around them.

Their applications are called without sockets, their workers run as tasks, and they call each other as in production.
The clock runs, but began at ten in the morning of the last working day, so that neither nights nor weekends decide.
"""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.caching import Cache, open_cache
from shared.calendar import SHANGHAI, WorkCalendar
from shared.clock import system_clock
from shared.contracts.catalogue import TOPICS
from shared.database import Database, Keyring
from shared.database.provision import Access
from shared.messaging.log import EventLog, open_log
from shared.observing import metrics
from shared.runtime.api import application
from shared.runtime.service import Runtime, Service
from shared.runtime.worker import Work
from shared.security import LocalIssuer, Role, ServiceTokens
from shared.settings import Issuer
from shared.tenants import Tenants
from shared.testing.clock import RunningClock
from shared.testing.sms_gateway import KEY_ID, KEY_SECRET, Network, SmsGateway
from shared.testing.smtp_server import PostOffice, SmtpServer
from tests.support.apart import Apart
from tests.support.event_logs import OPTIONS
from tests.support.resting import at_rest
from tests.support.voice import Routed, Voice

SERVICES: Sequence[Service[Any]] = (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS)
TENANT = "longxi"
RECEIPTS = "receipts-secret"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a platform stands on."""

    kafka_bootstrap_servers: str | None
    local_log_url: str | None
    redis_url: str | None
    access: Callable[[str], Awaitable[Access]]
    admin_url: str
    folder: Path


class Running:
    """One service: its tables, and its worker, which can be stopped and started again."""

    def __init__(self, service: Service[Any], runtime: Runtime[Any], admin: asyncpg.Connection) -> None:
        self.service = service
        self.runtime = runtime
        self.admin = admin
        """A connection that row-level security does not hold back, to look at everything."""
        self._work: Work | None = None

    async def start_worker(self) -> None:
        self._work = Work(self.service, self.runtime, self.service.build(self.runtime))
        self._work.start()

    async def stop_worker(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            await work.stop()


class Platform:
    """What a test of the whole talks to. `as_` gives somebody a voice at a service."""

    def __init__(self, ground: Ground, clock: RunningClock) -> None:
        self.ground = ground
        self.clock = clock
        self.routes = Routed()
        self.http = httpx.AsyncClient(transport=self.routes)
        self.issuer = LocalIssuer(ground.folder / "issuer", clock=clock)
        self.gateway = SmsGateway(
            Network(receipts_url=f"http://notifications.test/v1/receipts/aliyun/{RECEIPTS}"), clock=clock
        )
        self.office = PostOffice()
        self.running: dict[str, Running] = {}
        self.private: set[str] = set()
        """Names, phones, addresses and words that people gave: nobody but their owner may hold them in clear."""
        self._prefix = f"journey-{os.getpid()}-{next(_numbers)}."

    def as_(self, service: str, role: Role, subject: str | None = None, **headers: str) -> Voice:
        """A voice with a token of this role; without a subject, one that stands for nobody in particular."""
        token = self.issuer.mint(TENANT, subject or f"{role.value}-{self._prefix}", [role])
        return Voice(self.http, service, {"Authorization": f"Bearer {token}", **headers})

    async def settle(self, within: float = 30.0) -> None:
        """Wait until everything is published, applied and sent, but for what waits for another time of day."""
        await at_rest(list(self.running.values()), self.clock, within)

    def log(self) -> EventLog:
        """The event log, as a client that is not started yet."""
        opened = open_log(self.ground, OPTIONS)
        return opened if self.ground.kafka_bootstrap_servers is None else Apart(opened, self._prefix)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["Platform"]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.http)
            smtp = await stack.enter_async_context(SmtpServer(self.office))
            self.routes.apps["sms.test"] = self.gateway.app
            for service in SERVICES:
                await self._open(service, stack, smtp.port)
            receipts = asyncio.create_task(self._deliver_receipts())
            stack.callback(receipts.cancel)
            yield self

    async def _open(self, service: Service[Any], stack: AsyncExitStack, smtp_port: int) -> None:
        access = await self.ground.access(service.name)
        runtime = await self._runtime(service, access, stack, smtp_port)
        app = application(service, runtime, service.build(runtime))
        await stack.enter_async_context(app.router.lifespan_context(app))
        self.routes.apps[f"{service.name}.test"] = app
        admin = await asyncpg.connect(
            f"{self.ground.admin_url.rsplit('/', 1)[0]}/{access.url.rsplit('/', 1)[1]}"
        )
        stack.push_async_callback(admin.close)
        running = Running(service, runtime, admin)
        self.running[service.name] = running
        await running.start_worker()
        stack.push_async_callback(running.stop_worker)

    async def _runtime(
        self, service: Service[Any], access: Access, stack: AsyncExitStack, smtp_port: int
    ) -> Runtime[Any]:
        settings = service.settings(**self._settings(service.name, access, smtp_port))
        database = Database(access.url, pool=5, application=f"longxi-{service.name}")
        await database.start()
        stack.push_async_callback(database.stop)
        log = self.log()
        await log.start()
        stack.push_async_callback(log.stop)
        await log.ensure_topics(TOPICS, 2)
        cache: Cache = open_cache(self.ground.redis_url)
        stack.push_async_callback(cache.close)
        keys = self.ground.folder / f"{service.name}-keys.json"
        if not keys.exists():  # a second platform may stand on the databases of the first
            Keyring.write_new(keys)
        return Runtime(
            settings=settings,
            clock=self.clock,
            tenants=Tenants.load(None),
            database=database,
            log=log,
            cache=cache,
            tokens=ServiceTokens(settings, clock=self.clock, subject=service.name),
            http=self.http,
            keyring=Keyring.load(keys),
        )

    def _settings(self, service: str, access: Access, smtp_port: int) -> dict[str, Any]:
        urls = {f"{other.name}_url": f"http://{other.name}.test" for other in SERVICES}
        world = {
            "smtp_host": "127.0.0.1",
            "smtp_port": smtp_port,
            "smtp_security": "none",
            "sms_endpoint": "http://sms.test",
            "sms_key_id": KEY_ID,
            "sms_key_secret": KEY_SECRET,
            "receipts_secret": RECEIPTS,
            "drain_seconds": 2,
        }
        return {
            "database_url": access.url,
            "kafka_bootstrap_servers": self.ground.kafka_bootstrap_servers,
            "local_log_url": self.ground.local_log_url,
            "redis_url": self.ground.redis_url,
            "oidc_issuers": [Issuer(issuer=self.issuer.issuer, jwks_file=self.issuer.jwks_file)],
            "service_key_file": self.issuer.key_file,
            **urls,
            **(world if service == "notifications" else {}),
        }

    async def _deliver_receipts(self) -> None:
        while True:
            await self.gateway.push_receipts(self.http)
            await asyncio.sleep(0.05)


def working_morning(before: datetime) -> datetime:
    """Ten o'clock in Shanghai on the last working day that had it before this moment."""
    calendar, day = WorkCalendar.china(), before.astimezone(SHANGHAI).date()
    while True:
        moment = datetime.combine(day, time(10), tzinfo=SHANGHAI)
        if moment <= before and calendar.is_working_day(day).working:
            return moment
        day -= timedelta(days=1)


@pytest.fixture(
    params=["embedded", pytest.param("kafka-redis", marks=[pytest.mark.kafka, pytest.mark.redis])]
)
def ground(
    request: pytest.FixtureRequest,
    service_access: Callable[[str], Awaitable[Access]],
    postgres: str,
    tmp_path: Path,
) -> Ground:
    """The embedded parts alone, and Apache Kafka with Redis."""
    if request.param == "embedded":
        log: str = request.getfixturevalue("local_log_url")
        return Ground(None, log, None, service_access, postgres, tmp_path)
    servers: str = request.getfixturevalue("kafka")
    redis: str = request.getfixturevalue("redis_url")
    return Ground(servers, None, redis, service_access, postgres, tmp_path)


on_the_embedded_parts = pytest.mark.parametrize("ground", ["embedded"], indirect=True)
"""For a journey to which Apache Kafka and Redis add nothing but minutes."""


@pytest.fixture
async def platform(ground: Ground) -> AsyncIterator[Platform]:
    """A fresh platform."""
    # What the tests before this one have asked of every service would be twenty thousand lines at each look.
    metrics.defined()["longxi_http_request_seconds"].clear()
    async with Platform(ground, RunningClock(working_morning(system_clock()))).up() as platform:
        yield platform
