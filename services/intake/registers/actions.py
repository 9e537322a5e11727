"""Use cases of registers: a dry run that keeps its rows sealed, and applying them in batches."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.registers import queries
from services.intake.registers.planning import Plan, plan
from services.intake.registers.rules import (
    MOST_ROWS,
    Entry,
    Outcome,
    Problem,
    RegisterClosed,
    RegisterTooLarge,
    RowRefused,
    State,
    columns_of,
    entry_of,
)
from services.intake.registers.tables import RegisterKey, RegisterRow, RegisterRun
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.residents.keys import Keys
from shared.calendar import SHANGHAI
from shared.database import DataKey, new_id

FIELDS = ("register",)
_NOTE = """
UPDATE register_row SET applied = $2, sealed = NULL, resident = coalesce(done.resident, register_row.resident),
    outcome = CASE WHEN done.refused THEN 'refused' ELSE outcome END
FROM unnest($3::int[], $4::bool[], $5::uuid[]) AS done (number, refused, resident)
WHERE register_row.run = $1 AND register_row.number = done.number
"""
Rows = Sequence[tuple[int, Sequence[str]]]


async def open_run(session: AsyncSession, keys: Keys, source: str, *, now: datetime, by: Actor) -> UUID:
    """A run with a key of its own, so that its rows can be destroyed."""
    run = new_id()
    await session.execute(
        insert(RegisterRun).values(id=run, source=source, state=State.DRY.value, opened=now, by=by.subject)
    )
    await session.execute(insert(RegisterKey).values(run=run, wrapped=keys.keyring.new_data_key().wrapped))
    return run


def read_rows(rows: Rows, today: date) -> tuple[dict[int, Entry], list[Plan]]:
    """What the rows say, the header first; and those that are refused for what they say. Raises UnreadableRegister."""
    (_, header), *lines = rows
    columns = columns_of(header)
    entries: dict[int, Entry] = {}
    refused: list[Plan] = []
    seen: dict[tuple[str | None, ...], int] = {}
    for number, cells in lines:
        said = {field: cells[place] for place, field in columns.items() if place < len(cells)}
        try:
            entry = entry_of(said, today)
            who = (entry.id_number,) if entry.id_number else (entry.name, entry.phone)
            if seen.setdefault(who, number) != number:
                raise RowRefused(Problem("id_number" if entry.id_number else "name", "twice"))
            entries[number] = entry
        except RowRefused as refusal:
            refused.append(Plan(number, None, Outcome.REFUSED, problems=refusal.problems))
    return entries, refused


async def add_rows(
    session: AsyncSession,
    keys: Keys,
    run: UUID,
    *,
    entries: Mapping[int, Entry],
    refused: Sequence[Plan],
    reading: Reading,
) -> None:
    """Show what these rows would change, and keep them. A number that was sent before is put in place of the old one.

    Raises RegisterNotFound, RegisterClosed, RegisterTooLarge.
    """
    row = await queries.one(session, run, for_update=True)
    wrapped = await queries.key_of(session, run)
    if row.state != State.DRY or wrapped is None:
        raise RegisterClosed(state=row.state)
    key = keys.keyring.unwrap(wrapped)
    plans, _ = await plan(session, keys, entries)
    numbers = [one.number for one in (*plans, *refused)]
    await session.execute(delete(RegisterRow).where(RegisterRow.run == run, RegisterRow.number.in_(numbers)))
    if numbers:
        await session.execute(insert(RegisterRow), [_row(run, key, one) for one in (*plans, *refused)])
    held, _ = await queries.counts(session, run)
    if held.total() > MOST_ROWS:
        raise RegisterTooLarge(
            field="body",
            reason_zh=f"一次最多导入 {MOST_ROWS} 行，请分文件导入。",
            reason_en=f"At most {MOST_ROWS} rows in one run: divide the file.",
        )
    # Whoever sends a row learns what is on record of the person it means.
    meant = sorted({one.resident for one in plans if one.resident is not None})
    await record_reads(session, meant, FIELDS, reading)


async def begin(session: AsyncSession, run: UUID) -> State:
    """Nothing is added to the run from now on. Raises RegisterNotFound, RegisterClosed."""
    row = await queries.one(session, run, for_update=True)
    state = State(row.state)
    if state is State.EXPIRED:
        raise RegisterClosed(state=row.state)
    if state is State.DRY:
        row.state = State.APPLYING.value
        await session.flush()
    return state


async def take(session: AsyncSession, keys: Keys, run: UUID, *, count: int) -> Mapping[int, Entry]:
    """The next rows that are to be applied, opened and locked; one batch at a time in each community."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("register", 0))))
    wrapped = await queries.key_of(session, run)
    if wrapped is None:
        return {}
    key = keys.keyring.unwrap(wrapped)
    rows = await queries.waiting(session, run, count=count)
    return {row.number: _opened(run, key, row) for row in rows}


async def note(session: AsyncSession, run: UUID, done: Sequence[Plan], now: datetime) -> None:
    """These rows are applied, or were found to be refused after all; their values go."""
    connection = await session.connection()
    await connection.exec_driver_sql(
        _NOTE,
        (
            run,
            now,
            [one.number for one in done],
            [one.outcome is Outcome.REFUSED for one in done],
            [one.resident for one in done],
        ),
    )


async def finish(session: AsyncSession, run: UUID, state: State, now: datetime) -> None:
    """The key of the rows is destroyed, and what they held with it."""
    await session.execute(delete(RegisterKey).where(RegisterKey.run == run))
    await session.execute(
        update(RegisterRow).where(RegisterRow.run == run, RegisterRow.sealed.is_not(None)).values(sealed=None)
    )
    await session.execute(
        update(RegisterRun)
        .where(RegisterRun.id == run)
        .values(state=state.value, applied=now if state is State.APPLIED else None)
    )


async def expire(session: AsyncSession, before: datetime, now: datetime) -> int:
    """End the runs that were opened before and never applied; how many."""
    runs = (
        await session.scalars(
            select(RegisterRun.id).where(
                RegisterRun.opened < before, RegisterRun.state.in_([State.DRY.value, State.APPLYING.value])
            )
        )
    ).all()
    for run in runs:
        await finish(session, run, State.EXPIRED, now)
    return len(runs)


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    return [
        {
            "source": run.source,
            "sent": run.opened,
            "line": row.number,
            "outcome": row.outcome,
            "fields": list(row.fields),
            "applied": row.applied,
        }
        for row, run in await queries.rows_about(session, person.residents)
    ]


async def _erase(session: AsyncSession, person: Person, now: datetime) -> int:
    """What a file said of them, and nobody has applied yet, is sealed with the run's key and not with theirs."""
    result = await session.execute(
        update(RegisterRow)
        .where(RegisterRow.resident.in_(person.residents), RegisterRow.sealed.is_not(None))
        .values(sealed=None, applied=now)
        .returning(RegisterRow.number)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


BELONGING = Belonging("registers", "台账导入记录", "Imports of registers", export=_export, erase=_erase)


def today_of(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _row(run: UUID, key: DataKey, one: Plan) -> dict[str, object]:
    kept = one.entry is not None and one.outcome in {Outcome.NEW, Outcome.CHANGED}
    text = json.dumps(asdict(one.entry), default=str, ensure_ascii=False) if one.entry and kept else None
    return {
        "run": run,
        "number": one.number,
        "outcome": one.outcome.value,
        "resident": one.resident,
        "fields": list(one.fields),
        "problems": [asdict(problem) for problem in one.problems] or None,
        "sealed": None if text is None else key.encrypt(text, context=_context(run, one.number)),
    }


def _opened(run: UUID, key: DataKey, row: RegisterRow) -> Entry:
    assert row.sealed is not None
    said = json.loads(key.decrypt(row.sealed, context=_context(run, row.number)))
    born = said.pop("birth_date")
    return Entry(**said, birth_date=None if born is None else date.fromisoformat(born))


def _context(run: UUID, number: int) -> str:
    return f"register_row.sealed:{run}/{number}"
