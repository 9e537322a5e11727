"""What is said of cases over HTTP. Ids, codes, times and numbers only."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.casework.cases.rules import CaseState
from services.casework.cases.tables import Case, CaseEntry, CaseTransfer
from services.casework.cases.telling import tell
from services.casework.wire import OneOf
from shared.refusals import Language
from shared.web import Model

MOST_EFFORT = 100 * 60
"""Minutes one case may be said to have taken."""


class Submission(Model):
    result: Annotated[str, OneOf("case_result")]
    effort_minutes: Annotated[int, Field(ge=0, le=MOST_EFFORT)]
    """Really spent."""


class Return(Model):
    reason: Annotated[str, OneOf("return_reason")]


class TransferOffer(Model):
    to: UUID
    reason: Annotated[str, OneOf("transfer_reason")]


class Reassignment(Model):
    worker: UUID
    reason: Annotated[str, OneOf("reassign_reason")]


class CaseMoved(Model):
    """The case after the move."""

    id: UUID
    state: CaseState
    worker: UUID | None
    waiting: str | None
    version: int


class CaseLine(Model):
    id: UUID
    """Of the request, too."""
    reference: str
    state: CaseState
    worker: UUID | None
    waiting: str | None
    """Why nobody has it; code of `assignment_waiting`."""
    category: str | None
    urgency: str
    grid: UUID | None
    filed_at: datetime
    due: datetime
    due_provisional: bool
    effort_minutes: int
    """Estimated."""
    round: int
    returns: int
    version: int


class CaseView(CaseLine):
    resident: UUID
    channel: str
    assigned_at: datetime | None
    signed_at: datetime | None
    submitted_at: datetime | None
    ended_at: datetime | None
    result: str | None
    spent_minutes: int | None
    ending: str | None
    transfer: "Transfer | None"
    """The offer that waits for its answer."""


class Transfer(Model):
    case: UUID
    offered_by: UUID
    offered_to: UUID
    reason: str
    offered_at: datetime


class StoryLine(Model):
    at: datetime
    what: str
    """Code of `case_move`."""
    state: CaseState
    """After it."""
    worker: UUID | None
    """Who had the case after it."""
    actor: str
    """The account that did it; `policy`, or `intake` for what followed from the request."""
    detail: dict[str, Any]
    text: str
    """The same in words, in the caller's language."""


class Story(Model):
    case: UUID
    reference: str
    lines: list[StoryLine]


class WorkDay(Model):
    """What a worker has before them. Minutes."""

    worker: UUID
    day: date
    absent: bool
    open_minutes: int
    cap_minutes: int
    cases: list[CaseLine]
    """Open ones, by due time."""
    transfers: list[Transfer]
    """Offered to the worker, waiting for an answer."""


def moved(case: Case) -> CaseMoved:
    return CaseMoved(
        id=case.id,
        state=CaseState(case.state),
        worker=case.worker,
        waiting=case.waiting,
        version=case.version,
    )


def line(case: Case) -> CaseLine:
    return CaseLine(
        id=case.id,
        reference=case.reference,
        state=CaseState(case.state),
        worker=case.worker,
        waiting=case.waiting,
        category=case.category,
        urgency=case.urgency,
        grid=case.grid,
        filed_at=case.filed_at,
        due=case.due,
        due_provisional=case.due_provisional,
        effort_minutes=case.effort_minutes,
        round=case.round,
        returns=case.returns,
        version=case.version,
    )


def view(case: Case, offered: CaseTransfer | None) -> CaseView:
    return CaseView(
        **line(case).model_dump(),
        resident=case.resident,
        channel=case.channel,
        assigned_at=case.assigned_at,
        signed_at=case.signed_at,
        submitted_at=case.submitted_at,
        ended_at=case.ended_at,
        result=case.result,
        spent_minutes=case.spent_minutes,
        ending=case.ending,
        transfer=None if offered is None else transfer(offered),
    )


def transfer(row: CaseTransfer) -> Transfer:
    return Transfer(
        case=row.case,
        offered_by=row.offered_by,
        offered_to=row.offered_to,
        reason=row.reason,
        offered_at=row.offered_at,
    )


def story_line(row: CaseEntry, language: Language) -> StoryLine:
    return StoryLine(
        at=row.at,
        what=row.what,
        state=CaseState(row.state),
        worker=row.worker,
        actor=row.actor,
        detail=row.detail,
        text=tell(row.what, row.detail, language),
    )
