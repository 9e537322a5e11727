"""Storing what was decided: new cases, lines of stories, decisions and loads, in one statement whatever their number.

An import assigns hundreds at once, and a single request is waited for: each statement is one more way to the database.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import statements

# Each list of rows is one JSON document. Rows are written in the order of their list. Foreign keys are looked at when
# the statement ends, so a story may begin in the statement that makes its case.
_STORE = """
WITH made AS (
    INSERT INTO "case" (id, resident, reference, category, urgency, channel, grid, wish, filed_at, due,
                        due_provisional, state, worker, waiting, round, effort_minutes, assigned_at)
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS new (
        id uuid, resident uuid, reference text, category text, urgency text, channel text, grid uuid, wish text,
        filed_at timestamptz, due timestamptz, due_provisional boolean, state text, worker uuid, waiting text,
        round integer, effort_minutes integer, assigned_at timestamptz)
), told AS (
    INSERT INTO case_entry ("case", at, what, state, worker, actor, detail)
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS new (
        "case" uuid, at timestamptz, what text, state text, worker uuid, actor text, detail jsonb)
), decided AS (
    INSERT INTO assignment_decision (
        id, "case", round, at, trigger, worker, waiting, reasons, candidates, category, grid_owner, effort_minutes,
        load_before, load_after, tolerance_minutes, cap_factor, policy, decided_by, skill_gap)
    SELECT * FROM jsonb_to_recordset($3::jsonb) AS new (
        id uuid, "case" uuid, round integer, at timestamptz, trigger text, worker uuid, waiting text, reasons text[],
        candidates jsonb, category text, grid_owner uuid, effort_minutes integer, load_before integer,
        load_after integer, tolerance_minutes integer, cap_factor float8, policy text, decided_by text,
        skill_gap text)
), loaded AS (
    UPDATE worker
    SET open_minutes = worker.open_minutes + change.minutes,
        open_cases = worker.open_cases + change.cases,
        turn = GREATEST(worker.turn, change.turn)
    FROM jsonb_to_recordset($4::jsonb) AS change (id uuid, minutes integer, cases integer, turn integer)
    WHERE worker.id = change.id
    RETURNING worker.id, worker.open_minutes, worker.weekly_minutes, worker.overloaded
)
SELECT id, open_minutes, weekly_minutes, overloaded FROM loaded ORDER BY id
"""

Rows = Sequence[Mapping[str, Any]]
"""By the columns' names: codes, ids, times, numbers, and for JSON columns what JSON can say."""


async def store(
    session: AsyncSession, *, cases: Rows = (), entries: Rows = (), decisions: Rows = (), changes: Rows = ()
) -> Sequence[Any]:
    """`changes`: id, minutes, cases and turn to add to a worker's load. Gives the loads after it, by worker."""
    await session.flush()  # what the move changed before, such as the case's state
    lists = (cases, entries, decisions, changes)
    return await statements.fetch(session, _STORE, *(_document(rows) for rows in lists))


def _document(rows: Rows) -> str:
    return orjson.dumps(list(rows), default=_plain).decode()


def _plain(value: object) -> str:
    """The driver's own class of ids, which is a UUID too."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing that a row of cases has")
