"""Handlers get lists where they ask for them, one aggregate's events one after the other, and know what caused what."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database, new_id, scope_of
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.outbox import record, record_each
from tests.support.consumers import NoLog, everything
from tests.support.messaging import TENANT, TOPIC, envelope, records, withdrawn


class Base(DeclarativeBase):
    pass


class Effect(Base):
    """The table `effect`, as the ORM would write it."""

    __tablename__ = "effect"
    position: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str] = mapped_column(server_default=text("current_setting('longxi.tenant', true)"))
    aggregate: Mapped[UUID]
    sequence: Mapped[int]
    handler: Mapped[str]


def inbox(database: Database, handlers: Handlers) -> Inbox:
    return Inbox(database, NoLog(), "parcel", handlers, topics=[TOPIC], tenants={TENANT, "other"})


async def test_a_list_holds_events_of_one_tenant_and_each_of_another_aggregate(database: Database) -> None:
    handlers = Handlers()
    calls: list[tuple[str, list[int]]] = []

    @handlers.on_batch(RequestWithdrawn)
    async def note(session: AsyncSession, events: Sequence[Received[RequestWithdrawn]]) -> None:
        assert {event.tenant for event in events} == {scope_of(session)}
        assert len({event.data.request for event in events}) == len(events)
        calls.append((scope_of(session), [event.envelope.sequence for event in events]))

    one, two, three = new_id(), new_id(), new_id()
    await inbox(database, handlers).take(
        records(
            envelope(one, 1),
            envelope(three, 1, tenant="other"),
            envelope(two, 1),
            envelope(one, 2),
            envelope(one, 3),
            envelope(two, 2),
        )
    )
    assert calls == [(TENANT, [1, 1]), ("other", [1]), (TENANT, [2, 2]), (TENANT, [3])]


async def test_what_a_handler_records_is_caused_by_its_event(database: Database) -> None:
    handlers = Handlers()

    @handlers.on(RequestWithdrawn)
    async def answer(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        await record(session, withdrawn())

    first, second = envelope(new_id(), 1), envelope(new_id(), 1)
    await inbox(database, handlers).take(records(first, second))
    rows = await everything(database, "outbox ORDER BY position")
    assert [(row["correlation"], row["causation"]) for row in rows] == [
        (first.correlation, first.id),
        (second.correlation, second.id),
    ]


async def test_a_batch_handler_names_the_cause_of_each(database: Database) -> None:
    handlers = Handlers()

    @handlers.on_batch(RequestWithdrawn)
    async def answer(session: AsyncSession, events: Sequence[Received[RequestWithdrawn]]) -> None:
        await record_each(session, [(withdrawn(), event.envelope) for event in events])

    batch = [envelope(new_id(), 1) for _ in range(5)]
    await inbox(database, handlers).take(records(*batch))
    rows = await everything(database, "outbox ORDER BY position")
    assert [row["causation"] for row in rows] == [event.id for event in batch]


async def test_several_handlers_of_one_contract_run_in_the_order_they_were_registered(
    database: Database,
) -> None:
    handlers = Handlers()
    calls: list[str] = []

    @handlers.on(RequestWithdrawn)
    async def first(_session: AsyncSession, _event: Received[RequestWithdrawn]) -> None:
        calls.append("first")

    @handlers.on_batch(RequestWithdrawn)
    async def second(_session: AsyncSession, _events: Sequence[Received[RequestWithdrawn]]) -> None:
        calls.append("second")

    await inbox(database, handlers).take(records(envelope(new_id(), 1)))
    assert calls == ["first", "second"]


async def test_what_the_orm_holds_is_written_in_the_tenant_that_it_belongs_to(database: Database) -> None:
    """A handler that does not flush must not have its rows written in the scope of the next event."""
    handlers = Handlers()

    @handlers.on(RequestWithdrawn)
    async def write(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        session.add(Effect(aggregate=event.data.request, sequence=1, handler="orm"))

    await inbox(database, handlers).take(
        records(envelope(new_id(), 1), envelope(new_id(), 1, tenant="other"))
    )
    for tenant in (TENANT, "other"):
        async with database.transaction(tenant) as session:
            found = (await session.execute(text("SELECT tenant FROM effect"))).scalars().all()
        assert found == [tenant]
