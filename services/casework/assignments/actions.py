"""Assigning: new requests by the batch, the queue when someone has room, one case again after a return."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.assignments import queries
from services.casework.assignments.placing import POLICY, Placed, write
from services.casework.assignments.rules import (
    Candidate,
    Decision,
    Need,
    Reason,
    Trigger,
    anyone_takes,
    decide_all,
    takeable,
)
from services.casework.cases.rules import CaseState, Waiting
from services.casework.cases.tables import Case
from services.casework.grids.queries import owners
from services.casework.policies.rules import AssignmentPolicy, OverCap
from services.casework.workers.loads import lock
from shared.calendar import SHANGHAI
from shared.contracts.intake import RequestFiled, Urgency
from shared.messaging.envelope import Envelope

PAGE = 50
"""Cases that are decided in one go: with 500 workers, 25,000 candidates are written down."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A request to assign, and the envelope it came in."""

    data: RequestFiled
    cause: Envelope | None = None


async def assign_filed(
    session: AsyncSession, filed: Sequence[Filed], *, policy: AssignmentPolicy, now: datetime
) -> None:
    """Make a case of each request and give it to someone, in the order given.

    Set-based: a few statements for each page of requests. One that is a case already is left alone. The queue goes
    first, since what waits there is older; where that is too much for now, the new ones go behind it.
    """
    await lock(session)
    before = await queries.before_assigning(
        session, [each.data.request for each in filed], {each.data.grid for each in filed if each.data.grid}
    )
    fresh = {each.data.request: each for each in filed if each.data.request not in before.known}
    if not fresh:
        return
    behind = before.anyone_waits and await drain(session, policy=policy, now=now) == PAGE
    requests = [*fresh.values()]
    for at in range(0, len(requests), PAGE):
        await _begin(session, requests[at : at + PAGE], before.owners, behind=behind, policy=policy, now=now)


async def _begin(
    session: AsyncSession,
    filed: Sequence[Filed],
    grid_owners: Mapping[UUID, UUID],
    *,
    behind: bool,
    policy: AssignmentPolicy,
    now: datetime,
) -> None:
    """Cases of a page of new requests, decided with the loads that the page before has left."""
    by_id = {each.data.request: each for each in filed}
    needs = [
        Need(
            request=data.request,
            effort=policy.effort_of(data.category, data.urgency),
            category=data.category,
            grid_owner=grid_owners.get(data.grid) if data.grid else None,
            wish=data.resident_gender if data.prefers_same_gender else None,
            behind=behind,
        )
        for data in (each.data for each in filed)
    ]
    decisions = decide_all(needs, await queries.roster(session, now.astimezone(SHANGHAI).date()), policy)
    placed = [
        Placed(
            decision=made,
            trigger=Trigger.FILED,
            resident=by_id[made.need.request].data.resident,
            due=by_id[made.need.request].data.due,
            round=0 if made.worker is None else 1,
            cause=by_id[made.need.request].cause,
        )
        for made in decisions
    ]
    await write(
        session,
        placed,
        policy=policy,
        now=now,
        cases=[_new_case(by_id[made.need.request].data, made, now) for made in decisions],
        entries=[_received(by_id[made.need.request].data, now) for made in decisions],
    )


async def drain(session: AsyncSession, *, policy: AssignmentPolicy, now: datetime) -> int:
    """Give the waiting cases, oldest first, to whoever can take them now; returns how many found someone.

    A case that still finds nobody keeps its place and does not hold up those behind it. Called whenever a load falls,
    someone returns or joins, and by the clock. After a page it is enough for one transaction: where that many found
    someone, the clock goes on with the rest, and until then what is new goes behind it.
    """
    if not await queries.anyone_waits(session):
        return 0
    await lock(session)
    found, after = 0, None
    while found < PAGE:
        roster = await queries.roster(session, now.astimezone(SHANGHAI).date())
        cases = await _takeable(session, roster, policy, after=after, limit=PAGE - found)
        if not cases:
            break
        after = cases[-1].filed_at, cases[-1].id
        needs = await _needs(session, cases)
        placed = [
            _place(case, made, Trigger.QUEUE, now)
            for case, made in zip(cases, decide_all(needs, roster, policy), strict=True)
            if made.worker is not None
        ]
        await write(session, placed, policy=policy, now=now)
        found += len(placed)
    return found


async def _takeable(
    session: AsyncSession,
    roster: Sequence[Candidate],
    policy: AssignmentPolicy,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Case]:
    """Waiting cases, without those of which it is known that they wait on: these may be thousands."""
    if not anyone_takes(roster, policy):
        return ()
    if policy.over_cap is OverCap.ASSIGN:
        return await queries.queue(session, after=after, limit=limit)
    kinds = takeable(await queries.kinds(session), roster, policy)
    return await queries.queue(session, of=kinds, after=after, limit=limit) if kinds else ()


async def assign_again(
    session: AsyncSession,
    case: Case,
    trigger: Trigger,
    *,
    policy: AssignmentPolicy,
    now: datetime,
    named: UUID | None = None,
    named_as: Reason = Reason.NAMED_BY_HEAD,
    behind: bool = False,
) -> bool:
    """Decide once more on a case that is with nobody; False: it waits, and the decision says why.

    The case counts towards nobody's load when this is called.
    """
    (need,) = await _needs(session, [case], named=named, named_as=named_as, behind=behind)
    roster = await queries.roster(session, now.astimezone(SHANGHAI).date())
    (made,) = decide_all([need], roster, policy)
    await write(session, [_place(case, made, trigger, now)], policy=policy, now=now)
    return made.worker is not None


async def move_to(
    session: AsyncSession,
    case: Case,
    trigger: Trigger,
    *,
    policy: AssignmentPolicy,
    now: datetime,
    named: UUID | None,
    decided_by: str = POLICY,
    note: str | None = None,
) -> bool:
    """Take a case from its worker and give it to another, the named one if given; False: nobody can take it.

    The case counts towards its worker's load when this is called, unless that worker submitted it.
    """
    previous = case.worker
    (need,) = await _needs(session, [case], named=named, but=previous)
    roster = await queries.roster(session, now.astimezone(SHANGHAI).date())
    (made,) = decide_all([need], roster, policy)
    if made.worker is None:
        return False
    placed = _place(case, made, trigger, now, previous=previous, decided_by=decided_by, note=note)
    await write(session, [placed], policy=policy, now=now)
    return True


async def _needs(
    session: AsyncSession,
    cases: Sequence[Case],
    *,
    named: UUID | None = None,
    named_as: Reason = Reason.NAMED_BY_HEAD,
    but: UUID | None = None,
    behind: bool = False,
) -> list[Need]:
    grid_owners = await owners(session, {case.grid for case in cases if case.grid})
    returned = await queries.returners(session, [case.id for case in cases if case.returns])
    barred = frozenset() if but is None else frozenset({but})
    return [
        Need(
            request=case.id,
            effort=case.effort_minutes,
            category=case.category,
            grid_owner=grid_owners.get(case.grid) if case.grid else None,
            wish=case.wish,
            # Whom the head names may have returned it before: then the head has heard why.
            barred=(returned.get(case.id, frozenset()) | barred) - {named},
            named=named,
            named_as=named_as,
            behind=behind,
        )
        for case in cases
    ]


def _place(
    case: Case,
    made: Decision,
    trigger: Trigger,
    now: datetime,
    *,
    previous: UUID | None = None,
    decided_by: str = POLICY,
    note: str | None = None,
) -> Placed:
    """Change the case as decided. A case that nobody took keeps its state and says why it waits."""
    case.version += 1
    case.worker = made.worker
    case.waiting = None if made.waiting is None else made.waiting.value
    if made.worker is not None:
        case.state = CaseState.OPEN
        case.assigned_at, case.signed_at = now, None
        if previous is None:
            case.round += 1
    return Placed(
        decision=made,
        trigger=trigger,
        resident=case.resident,
        due=case.due,
        round=case.round,
        state=CaseState(case.state),
        previous=previous,
        decided_by=decided_by,
        note=note,
    )


def _new_case(data: RequestFiled, made: Decision, now: datetime) -> dict[str, Any]:
    return {
        "id": data.request,
        "resident": data.resident,
        "reference": data.reference,
        "category": data.category,
        "urgency": Urgency(data.urgency).value,
        "channel": data.channel.value,
        "grid": data.grid,
        "wish": data.resident_gender if data.prefers_same_gender else None,
        "filed_at": data.filed,
        "due": data.due,
        "due_provisional": data.due_provisional,
        "state": CaseState.OPEN.value,
        "worker": made.worker,
        "waiting": None if made.waiting is None else Waiting(made.waiting).value,
        "round": 0 if made.worker is None else 1,
        "effort_minutes": made.need.effort,
        "assigned_at": None if made.worker is None else now,
    }


def _received(data: RequestFiled, now: datetime) -> dict[str, Any]:
    return {
        "case": data.request,
        "at": now,
        "what": "filed",
        "state": CaseState.OPEN.value,
        "worker": None,
        "actor": "intake",
        "detail": {"urgency": data.urgency.value, "category": data.category},
    }
