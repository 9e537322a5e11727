"""What every move of a case needs: the locked case, its line in the story, its worker's load."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Uuid, bindparam, insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.cases import queries
from services.casework.cases.queries import Standing
from services.casework.cases.rules import LOADED, Actor, CaseState, Move, TransferState, moved
from services.casework.cases.tables import Case, CaseEntry, CaseTransfer
from services.casework.policies.rules import AssignmentPolicy
from services.casework.workers import loads
from shared.calendar import SHANGHAI
from shared.database import UtcTime

INTAKE = Actor("intake", decides=True)
"""For what follows an event of intake's."""

_SET_DUE = text(
    """
    UPDATE "case" SET due = change.due, due_provisional = coalesce(change.provisional, due_provisional),
        version = "case".version + 1
    FROM unnest(:cases, :dues, :provisionals) AS change (id, due, provisional)
    WHERE "case".id = change.id
    """
).bindparams(
    bindparam("cases", type_=ARRAY(Uuid)),
    bindparam("dues", type_=ARRAY(UtcTime)),
    bindparam("provisionals", type_=ARRAY(Boolean)),
)


@dataclass(frozen=True, slots=True)
class NewDue:
    """A due time as intake told it. `provisional` is None where it said nothing new about that."""

    at: datetime
    provisional: bool | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Now:
    """What a move is judged by: the time, and the tenant's numbers."""

    at: datetime
    policy: AssignmentPolicy

    @property
    def day(self) -> date:
        """In Shanghai."""
        return self.at.astimezone(SHANGHAI).date()


async def held(session: AsyncSession, id: UUID) -> Case:
    """The case, locked together with the tenant's loads. Raises UnknownCase."""
    await loads.lock(session)
    return await queries.case(session, id, for_update=True)


async def move(session: AsyncSession, case: Case, by: Move, now: Now) -> None:
    """Change the state, and the worker's load where the case stops or starts to count. Raises CaseMoveRefused."""
    before, after = CaseState(case.state), moved(CaseState(case.state), by)
    counts = (after in LOADED) - (before in LOADED)
    case.state = after
    case.version += 1
    if case.worker is not None and counts:
        change = loads.Change(counts * case.effort_minutes, counts)
        await loads.change(session, {case.worker: change}, policy=now.policy)


async def note(session: AsyncSession, case: Case, what: str, actor: Actor, now: Now, **detail: Any) -> None:
    """Add a line to the story. `detail`: codes, ids, times, numbers."""
    at = Standing(CaseState(case.state), case.worker)
    await add_lines(session, [line(case.id, at, what, now, actor=actor, **detail)])


def line(
    id: UUID, at: Standing, what: str, now: Now, *, actor: Actor = INTAKE, **detail: Any
) -> dict[str, Any]:
    """A row of the story of case `id`, with the state and the worker that it leaves."""
    return {
        "case": id,
        "at": now.at,
        "what": what,
        "state": at.state.value,
        "worker": at.worker,
        "actor": actor.subject,
        "detail": {key: _plain(value) for key, value in detail.items()},
    }


async def add_lines(session: AsyncSession, lines: Sequence[Mapping[str, Any]]) -> None:
    if lines:
        await session.execute(insert(CaseEntry), lines)


async def set_due(session: AsyncSession, dues: Mapping[UUID, NewDue]) -> None:
    """New due times of several cases, in one statement."""
    if dues:
        columns = {
            "cases": list(dues),
            "dues": [due.at for due in dues.values()],
            "provisionals": [due.provisional for due in dues.values()],
        }
        await session.execute(_SET_DUE, columns)


async def lapse_transfer(session: AsyncSession, case: Case, actor: Actor, now: Now) -> None:
    """The case goes another way: an offer that still waits for its answer is void."""
    lapsed = await session.execute(
        update(CaseTransfer)
        .where(CaseTransfer.case == case.id, CaseTransfer.state == TransferState.OFFERED.value)
        .values(state=TransferState.LAPSED.value, decided_at=now.at)
        .returning(CaseTransfer.offered_to)
        .execution_options(synchronize_session=False)
    )
    for offered_to in lapsed.scalars():
        await note(session, case, "transfer_lapsed", actor, now, to=offered_to)


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, datetime) else value
