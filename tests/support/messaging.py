"""Databases with the tables of outbox and inbox and nothing else, and events to put into them."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database, new_id
from shared.database.isolation import enable_tenant_isolation
from shared.database.provision import Access, provision_database
from shared.messaging.envelope import Envelope, ReplayMark
from shared.messaging.migrations import messaging_growth, messaging_tables
from shared.messaging.records import Record
from tests.support.copies import Copies

TENANT = "longxi"
TOPIC = "intake.events"
_numbers = itertools.count(1)
_EFFECT = """
CREATE TABLE effect (
    position bigint GENERATED ALWAYS AS IDENTITY,
    tenant text NOT NULL DEFAULT current_setting('longxi.tenant', true),
    aggregate uuid NOT NULL,
    sequence bigint NOT NULL,
    handler text NOT NULL
)
"""


async def make_tables(access: Access) -> None:
    """Run `messaging_tables` as a service's first migration would, and make a table for handlers to write to."""

    def migrate(connection: Connection) -> None:
        op = Operations(MigrationContext.configure(connection))
        messaging_tables(op)
        messaging_growth(op)
        _effect(op)

    await _migrate(access, migrate)


async def make_effect(access: Access) -> None:
    """Only the table for handlers, in a database that has the others."""

    def migrate(connection: Connection) -> None:
        _effect(Operations(MigrationContext.configure(connection)))

    await _migrate(access, migrate)


def _effect(op: Operations) -> None:
    op.execute(_EFFECT)
    enable_tenant_isolation(op, "effect")


async def _migrate(access: Access, migrate: Callable[[Connection], None]) -> None:
    engine = create_async_engine(make_url(access.owner_url).set(drivername="postgresql+asyncpg"))
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


async def _provision(admin_url: str, name: str, template: str | None = None) -> Access:
    return await provision_database(
        admin_url, name, role="longxi_parcel", password="test", owner_password="test", template=template
    )


@pytest.fixture(scope="session")
async def messaging_template(postgres: str) -> str:
    name = f"longxi_template_messaging_{os.getpid()}"
    await make_tables(await _provision(postgres, name))
    return name


@pytest.fixture
async def messaging_access(postgres: str, messaging_template: str, copies: Copies) -> AsyncIterator[Access]:
    """URLs of a database with the tables of outbox and inbox, all of them empty."""

    async def make() -> Access:
        name = f"longxi_test_messaging_{os.getpid()}_{next(_numbers)}"
        return await _provision(postgres, name, template=messaging_template)

    access = await copies.take(messaging_template, make)
    yield access
    await copies.give_back(access)


@pytest.fixture
async def database(messaging_access: Access) -> AsyncIterator[Database]:
    """That database, opened as the service's role."""
    database = Database(messaging_access.url, pool=12)
    await database.start()
    yield database
    await database.stop()


def withdrawn(request: UUID | None = None) -> RequestWithdrawn:
    return RequestWithdrawn(request=request or new_id(), resident=new_id())


def envelope(
    subject: UUID,
    sequence: int,
    *,
    id: UUID | None = None,
    type: str = RequestWithdrawn.type,
    tenant: str = TENANT,
    time: datetime | None = None,
    data: bytes | None = None,
    replay: ReplayMark | None = None,
) -> Envelope:
    """An event about `subject` as its owner would publish it."""
    id = id or new_id()
    return Envelope(
        id=id,
        source="urn:longxi:service:intake",
        type=type,
        time=time or datetime.now(UTC),
        subject=subject,
        tenant=tenant,
        sequence=sequence,
        correlation=id,
        causation=None,
        traceparent=None,
        dataschema=f"urn:longxi:event:{type}:v1",
        data=data if data is not None else withdrawn(subject).model_dump_json().encode(),
        replay=replay,
    )


def records(*envelopes: Envelope, topic: str = TOPIC) -> list[Record]:
    """The envelopes as a log would give them back."""
    return [_stored(envelope.to_record(topic), offset) for offset, envelope in enumerate(envelopes)]


def _stored(record: Record, offset: int) -> Record:
    return Record(record.topic, record.key, record.value, record.headers, partition=0, offset=offset)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    """Wait until the condition holds; fails after so many seconds."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in a database
            await asyncio.sleep(0.02)
