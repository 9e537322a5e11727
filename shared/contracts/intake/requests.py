"""The life of a request (诉求) as its resident sees it."""

from enum import StrEnum

from shared.contracts.base import (
    Code,
    Count,
    Event,
    Flag,
    Minutes,
    Moment,
    Owner,
    PersonalId,
    Reference,
    ThingId,
)


class Urgency(StrEnum):
    """How long handling may take: 2 working hours, 24 hours, 7 days, 15 days (DOMAIN, Request)."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    NORMAL = "normal"
    LONG = "long"


class Channel(StrEnum):
    WEB = "web"
    HOTLINE = "hotline"
    WECHAT = "wechat"
    WALK_IN = "walk_in"
    PATROL = "patrol"
    PORTAL = "portal"
    IMPORT = "import"


class Outcome(StrEnum):
    """How a request ended."""

    RESOLVED = "resolved"
    PARTLY_RESOLVED = "partly_resolved"
    EXPLAINED = "explained"
    NOT_RESOLVED = "not_resolved"


class _RequestEvent(Event):
    owner = Owner.INTAKE
    aggregate = "request"

    request: PersonalId


class RequestFiled(_RequestEvent):
    """A resident's request was received (受理). It has a reference number, and its limits run."""

    type = "request.filed"
    consumers = ("casework", "notifications")

    resident: PersonalId
    reference: Reference
    category: Code | None = None
    """Code in the official taxonomy: 2, 4 or 6 digits for level 1, 2 or 3; none where nobody has said yet."""
    urgency: Urgency
    grid: ThingId | None = None
    """The grid that the place lies in; none where no place was given."""
    channel: Channel
    filed: Moment
    due: Moment
    """When handling has to be finished, in working time where the limit is one."""
    due_provisional: Flag = False
    """The due time lies in a year whose official calendar is not published yet."""
    prefers_same_gender: Flag = False
    """The resident asked for a worker of the same gender; `resident_gender` is then given."""
    resident_gender: Code | None = None
    history: Flag = False
    """Filed as a record of the past: nobody is assigned and nobody is told."""
    parent: PersonalId | None = None
    """The request that this one is a part of: somebody split it, and its limit is this one's too."""


class RequestAccepted(_RequestEvent):
    """The community took the request on (立案)."""

    type = "request.accepted"
    consumers = ("casework", "notifications")

    resident: PersonalId
    due: Moment
    within_limit: Flag


class RequestRejected(_RequestEvent):
    """The community does not take the request on, for a reason of a closed list."""

    type = "request.rejected"
    consumers = ("casework", "notifications")

    resident: PersonalId
    reason: Code


class RequestDuplicated(_RequestEvent):
    """The request says what another one already says; it goes on as part of that one."""

    type = "request.duplicated"
    consumers = ("casework", "notifications")

    resident: PersonalId
    duplicate_of: PersonalId
    due: Moment | None = None
    """When it had to be handled: joined shortly before, it flatters the rates."""
    moved: Flag = False
    """It was joined to another request before, which was now joined to this one itself."""


class RequestWithdrawn(_RequestEvent):
    """The resident took the request back before it was handled."""

    type = "request.withdrawn"
    consumers = ("casework", "notifications")

    resident: PersonalId


class RequestReworked(_RequestEvent):
    """The check after handling (核查) was not satisfied; the worker goes on."""

    type = "request.reworked"
    consumers = ("casework", "notifications")

    resident: PersonalId
    reason: Code
    round: Count


class RequestRedispatched(_RequestEvent):
    """After two returns (退单) the head decided that the request stays here, and with whom."""

    type = "request.redispatched"
    consumers = ("casework",)

    worker: PersonalId | None = None
    """The worker the head named; none lets the assignment choose again."""


class RequestClosed(_RequestEvent):
    """The request is finished (结案). `working_minutes` is the time from filing to handling by the calendar."""

    type = "request.closed"
    consumers = ("casework", "notifications")

    resident: PersonalId
    outcome: Outcome
    within_limit: Flag
    working_minutes: Minutes
    answered: Flag = False
    """The community answered in words, which stand in the request's record."""


class RequestReopened(_RequestEvent):
    """The resident was not satisfied and opened the request again within 15 days of closing."""

    type = "request.reopened"
    consumers = ("casework", "notifications")

    resident: PersonalId
    reason: Code
    due: Moment
    due_provisional: Flag = False
    round: Count


class RequestReclassified(_RequestEvent):
    """Somebody gave the request another category or urgency; what both are now, and when handling has to be finished."""

    type = "request.reclassified"
    consumers = ("casework", "notifications")

    resident: PersonalId
    category: Code | None = None
    urgency: Urgency
    due: Moment
    due_provisional: Flag = False
    due_before: Moment | None = None
    due_changed: Flag = False
    """The due time is another one than before; the resident is told."""
    reason: Code
    """Of the vocabulary `reclassify_reason`."""


class RequestSupervised(_RequestEvent):
    """The head or the district marked the request (督办): the limit for handling has half its length from now on."""

    type = "request.supervised"
    consumers = ("casework", "notifications")

    resident: PersonalId
    reason: Code
    """Of the vocabulary `supervision_reason`."""
    due: Moment
    due_provisional: Flag = False
    due_before: Moment


class RequestDueChanged(_RequestEvent):
    """The limit for handling ends at another time, or is certain now, though nobody moved the request."""

    type = "request.due_changed"
    consumers = ("casework", "notifications")

    resident: PersonalId
    due: Moment
    due_provisional: Flag = False
    due_before: Moment
    due_changed: Flag
    """The time is another one than before; the resident is told."""
    reason: Code
    """Of the vocabulary `due_change_reason`."""


class RequestRated(_RequestEvent):
    """The resident was called back (回访): the three rates (三率) are counted from this."""

    type = "request.rated"

    responded: Flag
    resolved: Flag
    satisfied: Flag
    excluded: Flag = False
    """Left out of the three rates as outside the community's scope; counted and shown beside them."""
    reason: Code | None = None
    rater: Code | None = None
    """The role that entered the answers: `resident`, `portal`, `worker` or `head`."""
    own_work: Flag = False
    """The same account had handled, verified or closed the request: it entered answers about its own work."""
