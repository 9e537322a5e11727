"""A running notifications: its application, handlers and senders, with people whose contacts a test makes up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.notifications.main import SERVICE, delivery_line, parts_of
from services.notifications.sending.background import Line
from services.notifications.sending.contacts import Contacts
from services.notifications.sending.planning import Taken
from services.notifications.sending.queries import next_due
from services.notifications.sending.rules import Contact
from services.notifications.sending.sender import Pace, Sender
from services.notifications.sending.setting_up import channels_of
from services.notifications.settings import NotificationsSettings
from services.notifications.telling.actions import MESSAGE_DUE
from services.notifications.telling.policy import policies_of
from services.notifications.templates.catalogue import load
from services.notifications.webhooks.secrets import Secrets
from shared.caching import MemoryCache
from shared.contracts.base import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.notifications import RecipientKind
from shared.database import Database, Keyring, new_id
from shared.messaging.envelope import Envelope, Received
from shared.retrying import Unreachable
from shared.runtime.service import Runtime
from shared.security import Role, ServiceTokens
from shared.tenants import Tenant, Tenants
from shared.testing.clock import FrozenClock
from shared.testing.sms_gateway import KEY_ID, KEY_SECRET, Network, SmsGateway
from shared.testing.smtp_server import SmtpServer
from tests.support.web import QuietLog, Stage, stage

__all__ = ["Notifications", "notifications", "stage"]

HEAD = UUID("019a0000-0000-7000-8000-00000000d00d")
SECRET = "receipts-secret"


@dataclass
class Owners:
    """intake and casework as notifications sees them."""

    contacts: dict[UUID, Contact] = field(default_factory=dict)
    away: set[RecipientKind] = field(default_factory=set)
    asked: list[list[UUID]] = field(default_factory=list)

    def of(self, kind: RecipientKind) -> Callable[[str, Sequence[UUID]], Awaitable[Mapping[UUID, Contact]]]:
        async def ask(_tenant: str, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
            if kind in self.away:
                raise Unreachable(service=kind, reason="connection")
            self.asked.append(list(people))
            return {person: self.contacts[person] for person in people if person in self.contacts}

        return ask


class Notifications:
    """The service in process. `hear` gives it events, `send` lets its sender take what is due."""

    def __init__(
        self, database: Database, stage: Stage, clock: FrozenClock, *, smtp_port: int, keys: Path
    ) -> None:
        self.database = database
        self.clock = clock
        self.owners = Owners()
        self.cache = MemoryCache()
        self.gateway = SmsGateway(
            Network(receipts_url=f"http://test/v1/receipts/aliyun/{SECRET}"), clock=clock
        )
        self.settings = NotificationsSettings(
            database_url=database.url,
            local_log_url=database.url,
            smtp_host="127.0.0.1",
            smtp_port=smtp_port,
            smtp_security="none",
            sms_endpoint="http://sms.test",
            sms_key_id=KEY_ID,
            sms_key_secret=KEY_SECRET,
            receipts_secret=SECRET,
        )
        self.runtime: Runtime[NotificationsSettings] = Runtime(
            settings=self.settings,
            clock=clock,
            tenants=Tenants(
                {
                    "longxi": Tenant(
                        "longxi", "龙溪社区", "Longxi", {"notifications": {"heads": [str(HEAD)]}}
                    ),
                    "yuhu": Tenant("yuhu", "玉湖社区", "Yuhu"),
                }
            ),
            database=database,
            log=QuietLog(),  # type: ignore[arg-type]  # nothing here publishes
            cache=self.cache,
            tokens=ServiceTokens(self.settings, clock=clock),
            http=httpx.AsyncClient(transport=httpx.ASGITransport(app=self.gateway.app)),
            keyring=Keyring.load(keys),
        )
        self.contacts = Contacts(
            self.cache,
            {kind: self.owners.of(kind) for kind in RecipientKind},
            ttl=timedelta(minutes=5),
            keyring=self.runtime.keyring,
        )
        self.parts = parts_of(self.runtime, self.contacts)
        self._stage = stage
        self.app = stage.application(
            self.parts.routers, SERVICE.permissions, database=database, provides=self.parts.provides
        )
        self.channels = channels_of(
            self.settings, self.runtime.http, load(), policies_of(self.runtime.tenants), clock
        )
        self.line = self.another_sender()
        self.deliveries = delivery_line(self.runtime, Secrets(self.runtime.keyring))

    def sender(self, database: Database | None = None, pace: Pace | None = None) -> Sender:
        """`database`: the same, reached by another way."""
        return Sender(
            database or self.database,
            contacts=self.contacts,
            channels=self.channels,
            templates=load(),
            policies=policies_of(self.runtime.tenants),
            clock=self.clock,
            pace=pace or Pace(),
        )

    def another_sender(self) -> Line[Taken]:
        return Line(
            self.database,
            self.sender(),
            self.runtime.tenants,
            channel=MESSAGE_DUE,
            next_due=next_due,
            clock=self.clock,
            batch=200,
            capacity=600,
            drain=timedelta(seconds=5),
            closing=self.channels.close,
        )

    def person(self, **contact: Any) -> UUID:
        """Somebody whose contact their service knows."""
        id = new_id()
        self.owners.contacts[id] = Contact(**contact)
        return id

    def envelope(
        self, event: Event, *, tenant: str = "longxi", sequence: int = 1, **changes: Any
    ) -> Envelope:
        made = Envelope(
            id=new_id(),
            source=f"urn:longxi:service:{event.owner}",
            type=event.type,
            time=self.clock(),
            subject=event.subject(),
            tenant=tenant,
            sequence=sequence,
            correlation=new_id(),
            causation=None,
            traceparent=None,
            dataschema=event.dataschema(),
            data=event.model_dump_json().encode(),
        )
        return made._replace(**changes)

    async def hear(self, *events: Event, tenant: str = "longxi") -> list[Envelope]:
        """Events arrive, each in a transaction of its own."""
        envelopes = [self.envelope(event, tenant=tenant, sequence=n) for n, event in enumerate(events, 1)]
        for envelope in envelopes:
            await self.deliver(envelope)
        return envelopes

    async def deliver(self, *envelopes: Envelope) -> None:
        """Events of one type and tenant, in one transaction as the inbox does it."""
        route = self.parts.handlers.route(envelopes[0].type)
        assert route is not None, f"nobody listens to {envelopes[0].type}"
        contract = BY_TYPE[envelopes[0].type]
        received = [Received(envelope, contract.model_validate_json(envelope.data)) for envelope in envelopes]
        async with self.database.transaction(envelopes[0].tenant) as session:
            for subscription in route.subscriptions:
                if subscription.batch:
                    await subscription.handle(session, received)
                else:
                    for event in received:
                        await subscription.handle(session, event)

    async def send(self) -> int:
        """Everything that is due now."""
        return await self.line.all_due()

    async def call_webhooks(self) -> int:
        return await self.deliveries.all_due()

    async def receipts(self) -> int:
        """The network pushes its receipts."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport) as http:
            return await self.gateway.push_receipts(http)

    async def messages(self, *, tenant: str = "longxi", **where: Any) -> list[Any]:
        """Rows of `message`, in order."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(text("SELECT * FROM message ORDER BY id"))).all()
        return [row for row in rows if all(getattr(row, name) == value for name, value in where.items())]

    async def message(self, **where: Any) -> Any:
        (row,) = await self.messages(**where)
        return row

    async def published(self, type: str | None = None, *, tenant: str = "longxi") -> list[Any]:
        """Rows of `outbox`, in order, with their data as a contract."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(text("SELECT * FROM outbox ORDER BY position"))).all()
        return [
            (row, BY_TYPE[row.type].model_validate_json(bytes(row.data)))
            for row in rows
            if type in (None, row.type)
        ]

    def client(self, role: Role, subject: object, **options: str) -> httpx.AsyncClient:
        return self._stage.client(self.app, role, subject=str(subject), **options)

    def later(self, **span: float) -> datetime:
        self.clock.advance(timedelta(**span))
        return self.clock()


@pytest.fixture
async def post() -> AsyncIterator[SmtpServer]:
    """A mail server that keeps what it gets."""
    async with SmtpServer() as server:
        yield server


@pytest.fixture(scope="session")
def master_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(tmp_path_factory.mktemp("keys")) / "master.json"
    Keyring.write_new(path)
    return path


@pytest.fixture
async def notifications(
    service_database: Callable[[str], Awaitable[Database]],
    stage: Stage,
    frozen_clock: FrozenClock,
    post: SmtpServer,
    master_keys: Path,
) -> AsyncIterator[Notifications]:
    running = Notifications(
        await service_database("notifications"), stage, frozen_clock, smtp_port=post.port, keys=master_keys
    )
    yield running
    await running.channels.close()
    await running.runtime.http.aclose()
