"""Assignments over HTTP: why her, what skill is missing, and by which numbers it is decided."""

from collections.abc import Sequence, Set
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments import queries
from services.casework.assignments.explanation import Considered, Explained, Names, explain
from services.casework.assignments.tables import AssignmentDecision
from services.casework.cases.rules import UnknownCase
from services.casework.policies.rules import Policies
from services.casework.workers.personal import NAME, Reading, note_reading, open_sealed
from services.casework.workers.queries import by_ids
from shared.contracts.vocabulary import name
from shared.database import Keyring
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter(tags=["assignments"])


class CandidateView(Model):
    """Someone who was considered. Minutes, as they were when it was decided."""

    worker: UUID
    open_minutes: int
    weekly_minutes: int
    ruled_out: str | None
    """Code of `assignment_filter`; none for who could have been chosen."""


class DecisionView(Model):
    at: datetime
    round: int
    trigger: str
    worker: UUID | None
    waiting: str | None
    reasons: list[str]
    """In the order of weight; codes of `assignment_reason`."""
    effort_minutes: int
    load_before: int
    load_after: int
    policy: str
    decided_by: str
    candidates: list[CandidateView]
    explanation: list[str]
    """The same in sentences, in the caller's language."""


class AssignmentView(Model):
    """Every decision on a request, the latest first."""

    request: UUID
    decisions: list[DecisionView]


class SkillGap(Model):
    category: str
    name: str
    requests: int
    """How many in the time asked for."""
    last: datetime


class SkillGaps(Model):
    items: list[SkillGap]


class EffortRow(Model):
    """Minutes by urgency."""

    category: str
    emergency: int
    urgent: int
    normal: int
    long: int


class PolicyView(Model):
    """The numbers in force. `cap_factor` times the weekly hours is a worker's cap."""

    version: str
    over_cap: str
    cap_factor: float
    owner_tolerance_minutes: int
    effort: list[EffortRow]
    named_skills: dict[str, list[str]]


@router.get("/v1/requests/{id}/assignment", responses=refuses(UnknownCase))
async def explain_assignment(
    id: UUID,
    call: Annotated[Call, permit("assignments:read")],
    keyring: Annotated[Keyring, provided(Keyring)],
) -> AssignmentView:
    """Why this worker has the request. Whoever may see the staff reads names, which is recorded; others numbers."""
    async with call.transaction() as session:
        rows = await queries.decisions(session, id)
        ids = {UUID(one["worker"]) for row in rows for one in row.candidates}
        ids |= {row.worker for row in rows if row.worker is not None}
        names = await _names(session, call, keyring, ids)
    return AssignmentView(request=id, decisions=[_view(row, names, call.language) for row in rows])


@router.get("/v1/skill-gaps")
async def see_skill_gaps(
    call: Annotated[Call, permit("workload:read")],
    days: Annotated[int, Query(ge=1, le=366)] = 90,
) -> SkillGaps:
    """Which skills nobody on the staff has, by how often they were needed."""
    async with call.transaction() as session:
        gaps = await queries.skill_gaps(session, call.now - timedelta(days=days))
    return SkillGaps(
        items=[
            SkillGap(
                category=gap.category,
                name=name("category", gap.category, call.language),
                requests=gap.requests,
                last=gap.last,
            )
            for gap in gaps
        ]
    )


@router.get("/v1/assignment-policy")
async def see_policy(
    call: Annotated[Call, permit("assignments:read")], policies: Annotated[Policies, provided(Policies)]
) -> PolicyView:
    """The numbers that the assignment goes by in this community."""
    policy = policies[call.tenant]
    return PolicyView(
        version=policy.version,
        over_cap=policy.over_cap.value,
        cap_factor=policy.cap_factor,
        owner_tolerance_minutes=policy.tolerance,
        effort=[
            EffortRow(category=code, emergency=row[0], urgent=row[1], normal=row[2], long=row[3])
            for code, row in policy.effort.items()
        ],
        named_skills={skill: list(categories) for skill, categories in policy.named_skills.items()},
    )


async def _names(session: AsyncSession, call: Call, keyring: Keyring, ids: Set[UUID]) -> Names:
    """How each is called: by name and staff number, or by the number alone to those who may not see names."""
    workers = await by_ids(session, ids)
    if not call.principal.may("workers:list"):
        number = "工号 {}" if call.language == "zh" else "staff number {}"
        return {row.id: number.format(row.staff_number) for row in workers}
    reading = Reading(call.principal.subject, "explain_assignment", call.now)
    note_reading(session, reading, NAME, [row.id for row in workers])
    both = "{}（{}）" if call.language == "zh" else "{} ({})"
    return {row.id: both.format(open_sealed(keyring, row, NAME).name, row.staff_number) for row in workers}


def _view(row: AssignmentDecision, names: Names, language: Language) -> DecisionView:
    considered = _considered(row)
    made = Explained(
        trigger=row.trigger,
        worker=row.worker,
        waiting=row.waiting,
        reasons=row.reasons,
        candidates=considered,
        category=row.category,
        grid_owner=row.grid_owner,
        effort=row.effort_minutes,
        load_before=row.load_before,
        load_after=row.load_after,
        tolerance=row.tolerance_minutes,
        cap_factor=row.cap_factor,
        policy=row.policy,
    )
    return DecisionView(
        at=row.at,
        round=row.round,
        trigger=row.trigger,
        worker=row.worker,
        waiting=row.waiting,
        reasons=list(row.reasons),
        effort_minutes=row.effort_minutes,
        load_before=row.load_before,
        load_after=row.load_after,
        policy=row.policy,
        decided_by=row.decided_by,
        candidates=[
            CandidateView(
                worker=one.worker, open_minutes=one.load, weekly_minutes=one.weekly, ruled_out=one.out
            )
            for one in considered
        ],
        explanation=explain(made, names, language),
    )


def _considered(row: AssignmentDecision) -> Sequence[Considered]:
    return [Considered(UUID(one["worker"]), one["load"], one["weekly"], one["out"]) for one in row.candidates]
