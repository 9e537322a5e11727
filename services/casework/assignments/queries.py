"""Every read of assignments: the roster a decision is made from, the queue, decisions made."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Uuid, cast, exists, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments.rules import Candidate
from services.casework.assignments.tables import AssignmentDecision
from services.casework.cases.rules import UnknownCase, Waiting
from services.casework.cases.tables import Case, CaseEntry
from services.casework.workers.queries import absent_on
from services.casework.workers.tables import Worker

_IN_QUEUE = Case.waiting.in_([Waiting.NOBODY_AVAILABLE.value, Waiting.OVER_CAP.value])


@dataclass(frozen=True, slots=True)
class SkillGap:
    """A category (code) for which nobody on the staff has the skill, and how many requests met it."""

    category: str
    requests: int
    last: datetime


async def roster(session: AsyncSession, day: date) -> list[Candidate]:
    """All workers as the policy sees them on the day."""
    away = await absent_on(session, day)
    rows = await session.execute(
        select(
            Worker.id,
            Worker.weekly_minutes,
            Worker.open_minutes,
            Worker.turn,
            Worker.active,
            Worker.gender,
            Worker.skills,
        ).order_by(Worker.id)
    )
    return [
        Candidate(
            worker=row.id,
            weekly_minutes=row.weekly_minutes,
            open_minutes=row.open_minutes,
            turn=row.turn,
            active=row.active,
            absent=row.id in away,
            gender=row.gender,
            skills=frozenset(row.skills),
        )
        for row in rows
    ]


async def anyone_waits(session: AsyncSession) -> bool:
    """Whether the queue holds a case; those that wait for the head are not in it."""
    return bool(await session.scalar(select(exists().where(_IN_QUEUE))))


async def queue(
    session: AsyncSession, *, after: tuple[datetime, UUID] | None = None, limit: int
) -> Sequence[Case]:
    """The waiting cases, oldest first, locked."""
    query = select(Case).where(_IN_QUEUE).order_by(Case.filed_at, Case.id).limit(limit).with_for_update()
    if after is not None:
        query = query.where(tuple_(Case.filed_at, Case.id) > after)
    return (await session.scalars(query.execution_options(populate_existing=True))).all()


async def returners(session: AsyncSession, cases: Collection[UUID]) -> Mapping[UUID, frozenset[UUID]]:
    """Who gave each of the cases back."""
    by = cast(CaseEntry.detail["by"].astext, Uuid)
    rows = await session.execute(
        select(CaseEntry.case, func.array_agg(by).label("workers"))
        .where(CaseEntry.case.in_(cases), CaseEntry.what == "returned")
        .group_by(CaseEntry.case)
    )
    return {row.case: frozenset(row.workers) for row in rows}


async def known(session: AsyncSession, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the requests that are cases already."""
    return frozenset(await session.scalars(select(Case.id).where(Case.id.in_(ids))))


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
