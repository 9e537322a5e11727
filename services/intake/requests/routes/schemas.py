"""What travels about requests."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from services.intake.anonymous.rules import Complainant
from services.intake.duplicates.wire import SimilarRequest
from services.intake.questions.schemas import AnswerLine, Answers
from services.intake.requests.deciding import Situation
from services.intake.requests.filing import Filing, Words
from services.intake.requests.limits import LimitKind
from services.intake.requests.rules import Move, State
from services.intake.residents.routes.schemas import NewResident
from services.intake.wire import Code
from shared.contracts.intake import Channel, Outcome, Urgency
from shared.web import Model, Text

Subject = Annotated[str, Text(200)]
Body = Annotated[str, Text(10_000, lines=True)]
AddressText = Annotated[str, Text(200)]
Category = Annotated[str, Field(pattern=r"^(\d{2}){1,3}$", max_length=6)]
"""Two digits for each level of the official taxonomy."""


class FileRequest(Model):
    """A concern, in the resident's words."""

    resident: UUID | None = None
    """Whose it is. A resident who files for themselves leaves it out."""
    new_resident: NewResident | None = None
    """Instead of `resident`: somebody who is not registered yet, on the telephone or at the window."""
    subject: Subject
    body: Body
    address: AddressText | None = None
    """Where it is; the grid is found by it."""
    category: Category | None = None
    urgency: Urgency = Urgency.NORMAL
    channel: Literal[
        Channel.WEB, Channel.HOTLINE, Channel.WECHAT, Channel.WALK_IN, Channel.PATROL, Channel.PORTAL
    ] = Channel.WEB
    suggest: bool = False
    """Show on the receipt which requests seem to be about the same."""
    prefers_same_gender: bool = False
    """The resident asks for a worker of their own gender."""
    answers: Answers = Field(default_factory=dict)
    """To the extra questions of the category, `GET /v1/categories/{category}/questions`."""

    def words(self, answers: str | None = None) -> Words:
        return Words(self.subject, self.body, self.address, answers)


class StepLimit(Model):
    """The limit that runs for the present state."""

    limit: LimitKind
    due: datetime
    provisional: bool


class RequestFiledAnswer(Model):
    """The receipt."""

    id: UUID
    reference: str
    """The number that people read out."""
    state: State
    resident: UUID
    grid: UUID | None
    filed: datetime
    due: datetime
    """When handling has to be finished."""
    due_provisional: bool
    """That time lies in a year whose official calendar is not published yet."""
    similar: list[SimilarRequest] | None = None
    """Where `suggest` asked for it: requests that seem to be about the same, to join to one of them."""

    @classmethod
    def of(cls, filing: Filing, similar: list[SimilarRequest] | None = None) -> "RequestFiledAnswer":
        return cls(
            id=filing.id,
            reference=filing.reference,
            state=filing.life.state,
            resident=filing.resident,
            grid=filing.particulars.grid,
            filed=filing.filed,
            due=filing.life.handle.due,
            due_provisional=filing.life.handle.provisional,
            similar=similar,
        )


class RequestMoved(Model):
    """Where a request stands after a move."""

    id: UUID
    state: State
    version: int
    due: datetime
    due_provisional: bool
    step: StepLimit | None
    allowed: list[Move]

    @classmethod
    def of(cls, it: Situation, allowed: tuple[Move, ...]) -> "RequestMoved":
        step = it.life.step
        return cls(
            id=it.request,
            state=it.life.state,
            version=it.life.version,
            due=it.life.handle.due,
            due_provisional=it.life.handle.provisional,
            step=None
            if step is None
            else StepLimit(limit=step.kind, due=step.due, provisional=step.provisional),
            allowed=list(allowed),
        )


class RequestLine(Model):
    """A request in a list: codes and times, no words."""

    id: UUID
    reference: str
    state: State
    resident: UUID
    category: str | None
    category_name: str | None
    urgency: Urgency
    channel: Channel
    grid: UUID | None
    place: str | None
    worker: UUID | None
    filed: datetime
    submitted: datetime | None
    source: str | None
    external_id: str | None
    history: bool
    parent: UUID | None
    """The request that this one is a part of."""
    due: datetime
    due_provisional: bool
    overdue: bool
    """The limit for handling has passed and the request is not handled."""
    supervised: datetime | None
    """When it was marked (督办) in this handling: the limit for handling is halved since."""
    supervision_reason: str | None
    step: StepLimit | None
    returns: int
    head_decides: bool
    reopenings: int
    closed: datetime | None
    outcome: Outcome | None
    within_limit: bool | None
    working_minutes: int | None
    duplicate_of: UUID | None
    reason: str | None
    version: int


class FiledBy(Model):
    """Who filed a request, and for whom."""

    role: str
    """Of the caller: `resident`, `worker`, `head`, `portal`."""
    complainant: Complainant
    complainant_name: str
    """The same in words."""
    on_behalf: bool
    """Somebody else filed it for the resident."""


class RequestRecord(RequestLine):
    """A request with its words. They are absent where the resident was erased."""

    filed_by: FiledBy

    subject: str | None
    body: str | None
    address: str | None
    answers: list[AnswerLine]
    """To the extra questions of its category, each with its question as it was asked."""
    answer: str | None
    """What the community said when it closed the request."""
    return_until: datetime | None
    """Until when the worker may still return it (退单), while it is with one."""
    allowed: list[Move]
    """What the state machine allows now; who may do it is another question."""


class StoryLine(Model):
    """One thing that happened."""

    at: datetime
    entry: str
    """A move, or `filed`, `told`, `not_told`, `overdue`, `due_changed`, `late`."""
    name: str
    """The entry in words."""
    from_state: State | None
    to_state: State
    role: str
    by: str
    reason: str | None
    reason_name: str | None
    details: dict[str, Any] | None


class DueChange(Model):
    """The limit for handling ended at another time from then on."""

    at: datetime
    before: datetime | None
    """None where a new limit began: the request was reopened, or stands alone again."""
    due: datetime
    provisional: bool
    entry: str
    """`due_changed`, `supervise`, `reclassify`, `reopen`, `separate` or `promote`."""
    reason: str | None
    reason_name: str | None
    """Why, in words."""


class Story(Model):
    """All that happened to a request, in order."""

    id: UUID
    reference: str
    state: State
    due: datetime
    due_provisional: bool
    due_changes: list[DueChange]
    """Every change of the due time since filing, with its reason."""
    entries: list[StoryLine]


class Rejection(Model):
    reason: Code
    """Of the vocabulary `rejection_reason`."""


class Duplication(Model):
    of: UUID
    """The request that says the same and goes on."""


class Redispatch(Model):
    worker: UUID | None = None
    """Whom the head names; none lets the assignment choose again."""


class ReworkOrder(Model):
    reason: Code
    """Of the vocabulary `rework_reason`."""


class Closing(Model):
    outcome: Outcome
    answer: Annotated[str, Text(2000, lines=True)] | None = None
    """What the resident is answered in words. It stands in the record, and the closing notice says so."""


class Reopening(Model):
    reason: Code
    """Of the vocabulary `reopen_reason`."""


class RatingBody(Model):
    """The call-back (回访): the three rates are counted from it."""

    responded: bool
    """Somebody got in touch."""
    resolved: bool
    satisfied: bool
    excluded: bool = False
    """Left out of the rates, counted beside them; for the head to say."""
    reason: Code | None = None
    """Of the vocabulary `exclusion_reason`, where excluded."""
