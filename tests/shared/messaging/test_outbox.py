"""An event is published if, and only if, the transaction that recorded it commits; sequences have no gaps."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy.event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.contracts.casework import GridChanged, GridKind
from shared.contracts.intake import RequestWithdrawn, ResidentErased
from shared.database import Database, new_id, scope
from shared.messaging.outbox import EventTooLarge, outbox_arguments, record, record_each
from shared.observing import trace
from tests.support.messaging import TENANT, envelope, withdrawn


class ChangeOfMind(Exception):
    """Rolls a transaction back."""


class Base(DeclarativeBase):
    pass


class Missing(Base):
    """Maps a table that is not there, so that any flush of it fails."""

    __tablename__ = "missing"
    id: Mapped[int] = mapped_column(primary_key=True)


async def rows(database: Database, tenant: str = "*") -> list[asyncpg.Record]:
    return await database.statement(
        "WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true))"
        " SELECT outbox.* FROM scope, outbox ORDER BY position",
        tenant,
    )


async def test_an_event_is_stored_as_its_contract_says(database: Database) -> None:
    event, at = withdrawn(), datetime(2026, 11, 18, 2, tzinfo=UTC)
    origin = trace.begin()
    async with database.transaction(TENANT) as session:
        with trace.use(origin):
            await record(session, event, at=at)
    (row,) = await rows(database)
    assert RequestWithdrawn.model_validate_json(row["data"]) == event
    assert (row["topic"], row["aggregate"], row["sequence"]) == ("intake.events", event.request, 1)
    assert (row["type"], row["tenant"], row["time"]) == ("request.withdrawn", TENANT, at)
    assert (row["correlation"], row["causation"]) == (origin.correlation, None)
    assert row["traceparent"] == origin.traceparent


async def test_a_cause_is_named(database: Database) -> None:
    causes = [envelope(new_id(), 1), envelope(new_id(), 1)]
    async with database.transaction(TENANT) as session:
        await record_each(session, [(withdrawn(), cause) for cause in causes])
        await record(session, withdrawn(), cause=causes[0])
    assert [(row["correlation"], row["causation"]) for row in await rows(database)] == [
        (cause.correlation, cause.id) for cause in (*causes, causes[0])
    ]


async def test_events_of_one_call_share_a_correlation_even_without_a_context(database: Database) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(), withdrawn(), withdrawn())
    assert len({row["correlation"] for row in await rows(database)}) == 1


async def test_a_rollback_leaves_nothing(database: Database) -> None:
    request = new_id()
    with suppress(ChangeOfMind):
        async with database.transaction(TENANT) as session:
            await record(session, withdrawn(request), withdrawn(request))
            raise ChangeOfMind
    assert await rows(database) == []
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(request))
    assert [row["sequence"] for row in await rows(database)] == [1]


async def test_recording_neither_flushes_nor_commits(database: Database) -> None:
    async with database.transaction(TENANT) as session:
        session.add(Missing(id=1))
        await record(session, withdrawn())
        await record(session, withdrawn(), withdrawn())
        assert await rows(database) == []
        assert len(session.new) == 1
        session.expunge_all()
    assert len(await rows(database)) == 3


async def test_one_round_trip_for_many_events(database: Database) -> None:
    statements: list[str] = []
    async with database.transaction(TENANT) as session:
        connection = (await session.connection()).sync_connection

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        sqlalchemy.event.listen(connection, "before_cursor_execute", note)
        await record(session, *(withdrawn() for _ in range(300)))
    assert len(statements) == 1
    assert len(await rows(database)) == 300


async def test_sequences_have_no_gaps_and_follow_commits_with_eight_writers(database: Database) -> None:
    shared = new_id()
    committed = 0

    async def write(number: int) -> None:
        nonlocal committed
        for turn in range(25):
            ours = [shared] * (1 + turn % 2)
            with suppress(ChangeOfMind):
                async with database.transaction(TENANT) as session:
                    await record(session, withdrawn(), *map(withdrawn, ours))
                    if (turn + number) % 5 == 0:
                        raise ChangeOfMind
                committed += len(ours)

    await asyncio.gather(*(write(number) for number in range(8)))
    sequences: dict[UUID, list[int]] = defaultdict(list)
    for row in await rows(database):
        sequences[row["aggregate"]].append(row["sequence"])
    assert len(sequences[shared]) == committed
    for found in sequences.values():
        assert found == list(range(1, len(found) + 1))  # in the order of positions, which is the relay's


async def test_each_topic_counts_for_itself(database: Database) -> None:
    id = new_id()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(id), ResidentErased(resident=id), withdrawn(id), grid_changed(id))
    found = {(row["topic"], row["type"], row["sequence"]) for row in await rows(database)}
    assert ("casework.events", "grid.changed", 1) in found
    assert {sequence for topic, _, sequence in found if topic == "intake.events"} == {1, 2, 3}


def grid_changed(grid: UUID, places: int = 1) -> GridChanged:
    return GridChanged(
        grid=grid, kind=GridKind.AREA, code="g1", grid_owner=new_id(), places=("长" * 24,) * places
    )


async def test_the_function_for_single_statements_does_the_same(database: Database) -> None:
    request = new_id()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(request))
    (answer,) = await database.statement(
        "WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $11, true))"
        " SELECT outbox_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS sequence FROM scope",
        *outbox_arguments(withdrawn(request)),
        TENANT,
    )
    assert answer["sequence"] == 2
    first, second = await rows(database)
    assert (second["sequence"], second["tenant"], second["type"]) == (2, TENANT, first["type"])


async def test_an_event_belongs_to_the_tenant_of_the_transaction(database: Database) -> None:
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn())
    async with database.transaction("other") as session:
        await record(session, withdrawn())
    assert [row["tenant"] for row in await rows(database, "other")] == ["other"]
    assert len(await rows(database)) == 2


@pytest.mark.parametrize("tenant", ["*", ""])
async def test_nothing_is_recorded_without_a_tenant(database: Database, tenant: str) -> None:
    async def try_it(session: AsyncSession) -> None:
        await scope(session, tenant)
        await record(session, withdrawn())

    with pytest.raises(DBAPIError):
        async with database.everywhere() as session:
            await try_it(session)
    assert await rows(database) == []


async def test_too_much_data_is_refused_where_it_is_recorded(database: Database) -> None:
    huge = grid_changed(new_id(), places=20_000)
    async with database.transaction(TENANT) as session:
        with pytest.raises(EventTooLarge):
            await record(session, huge)
