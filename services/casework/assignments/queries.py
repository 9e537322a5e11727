"""Every read of assignments: the roster a decision is made from, the queue, decisions made."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Integer, Select, Text, Uuid, cast, exists, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.rules import Candidate, Kind
from services.casework.assignments.tables import AssignmentDecision
from services.casework.cases.rules import UnknownCase, Waiting
from services.casework.cases.tables import Case, CaseEntry
from shared.database import among
from shared.messaging import statements

_QUEUED = tuple(why.value for why in Waiting if why is not Waiting.HEAD_DECIDES)
_IN_QUEUE = Case.waiting.in_(_QUEUED)
_KIND = (
    func.coalesce(Case.category, ""),
    func.coalesce(Case.wish, ""),
    Case.effort_minutes,
    Case.returns > 0,
)
_BEFORE = f"""
SELECT (SELECT coalesce(array_agg(id), '{{}}') FROM "case" WHERE id = ANY($1::uuid[])) AS known,
       EXISTS (SELECT FROM "case" WHERE waiting IN {_QUEUED}) AS waits,
       (SELECT coalesce(array_agg(ARRAY[id, owner]), '{{}}') FROM grid WHERE id = ANY($2::uuid[]) AND NOT retired)
           AS owners
"""  # noqa: S608 (constants only)
_ROSTER = """
SELECT id, weekly_minutes, open_minutes, turn, active, gender, skills, EXISTS (
           SELECT FROM worker_absence AS away
           WHERE away.worker = worker.id AND away.first_day <= $1::date AND away.last_day >= $1::date
       ) AS absent
FROM worker ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class SkillGap:
    """A category (code) for which nobody on the staff has the skill, and how many requests met it."""

    category: str
    requests: int
    last: datetime


@dataclass(frozen=True, slots=True)
class Before:
    """What has to be known before new requests are assigned."""

    known: frozenset[UUID]
    """Those of them that are cases already."""
    anyone_waits: bool
    """As `anyone_waits` says."""
    owners: Mapping[UUID, UUID]
    """The owner of each of the grids that is in use."""


async def before_assigning(
    session: AsyncSession, requests: Collection[UUID], grids: Collection[UUID]
) -> Before:
    """In one statement, after the tenant's lock was taken: a statement sees what was committed when it began."""
    (row,) = await statements.fetch(session, _BEFORE, list(requests), list(grids))
    return Before(frozenset(row.known), row.waits, dict(row.owners))


async def roster(session: AsyncSession, day: date) -> list[Candidate]:
    """All workers as the policy sees them on the day."""
    await session.flush()
    return [
        Candidate(
            worker=row.id,
            weekly_minutes=row.weekly_minutes,
            open_minutes=row.open_minutes,
            turn=row.turn,
            active=row.active,
            absent=row.absent,
            gender=row.gender,
            skills=frozenset(row.skills),
        )
        for row in await statements.fetch(session, _ROSTER, day)
    ]


async def anyone_waits(session: AsyncSession) -> bool:
    """Whether the queue holds a case; those that wait for the head are not in it."""
    return bool(await session.scalar(select(exists().where(_IN_QUEUE))))


async def kinds(session: AsyncSession) -> list[Kind]:
    """The kinds of cases that the queue holds."""
    rows = await session.execute(select(*_KIND).where(_IN_QUEUE).distinct())
    return [
        Kind(category or None, wish or None, effort, returned) for category, wish, effort, returned in rows
    ]


async def queue(
    session: AsyncSession,
    *,
    of: Sequence[Kind] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> Sequence[Case]:
    """The waiting cases of these kinds (None: of all), oldest first, locked."""
    query = select(Case).where(_IN_QUEUE).order_by(Case.filed_at, Case.id).limit(limit).with_for_update()
    if of is not None:
        query = query.where(tuple_(*_KIND).in_(_rows(of)))
    if after is not None:
        query = query.where(tuple_(Case.filed_at, Case.id) > after)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


def _rows(kinds: Sequence[Kind]) -> Select[Any]:
    """To compare with `_KIND`."""
    columns = (
        literal([kind.category or "" for kind in kinds], ARRAY(Text)),
        literal([kind.wish or "" for kind in kinds], ARRAY(Text)),
        literal([kind.effort for kind in kinds], ARRAY(Integer)),
        literal([kind.returned for kind in kinds], ARRAY(Boolean)),
    )
    rows = func.unnest(*columns).table_valued("category", "wish", "effort", "returned").render_derived()
    return select(*rows.c)


async def returners(session: AsyncSession, cases: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Who gave each of the cases back."""
    by = cast(CaseEntry.detail["by"].astext, Uuid)
    rows = await session.execute(
        select(CaseEntry.case, func.array_agg(by).label("workers"))
        .where(among(CaseEntry.case, cases), CaseEntry.what == "returned")
        .group_by(CaseEntry.case)
    )
    return {row.case: frozenset(row.workers) for row in rows}


async def decisions(session: AsyncSession, case: UUID) -> Sequence[AssignmentDecision]:
    """All decisions on a case, the latest first. Raises UnknownCase where there is no such case."""
    query = (
        select(AssignmentDecision)
        .where(AssignmentDecision.case == case)
        .order_by(AssignmentDecision.at.desc(), AssignmentDecision.id.desc())
    )
    found = (await session.scalars(query)).all()
    if not found and await session.get(Case, case) is None:
        raise UnknownCase
    return found


async def skill_gaps(session: AsyncSession, since: datetime) -> list[SkillGap]:
    """The categories without a skilled worker, the most frequent first."""
    count = func.count(AssignmentDecision.case.distinct())
    rows = await session.execute(
        select(
            AssignmentDecision.skill_gap,
            count.label("requests"),
            func.max(AssignmentDecision.at).label("last"),
        )
        .where(AssignmentDecision.skill_gap.is_not(None), AssignmentDecision.at >= since)
        .group_by(AssignmentDecision.skill_gap)
        .order_by(count.desc(), AssignmentDecision.skill_gap)
    )
    return [SkillGap(row.skill_gap, row.requests, row.last) for row in rows]
