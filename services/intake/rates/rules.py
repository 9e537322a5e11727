"""The three rates (三率) as a pure fold over events: the same events always come to the same numbers.

What is counted, as Beijing's 接诉即办 does it (《北京市接诉即办工作条例》 of 2021-09-24 and the reports on it: after the limit
the resident is called back (回访) and asked whether somebody got in touch, whether the matter is resolved, whether they
are satisfied; work is judged by 响应率, 解决率 and 满意率):

- each call-back counts, in the month (Asia/Shanghai) in which it was made. A request that was reopened and called back
  again counts again, so that a month that was published does not change afterwards;
- response, resolution and satisfaction rate are the shares of "yes" among the call-backs that are not excluded;
- whatever leaves the sum does so visibly: exclusions by their reason, and beside them requests that were rejected, joined
  to another or withdrawn and so never came to a call-back, those closed and not called back yet, and records of the past.

What would flatter the rates is not forbidden here, it is flagged (`Flag`). Beijing counts by the city's own call-backs; we
count by whoever entered them, hence the flag on answers about one's own work.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from shared.calendar import SHANGHAI
from shared.contracts.base import Event
from shared.contracts.casework import CaseSubmitted
from shared.contracts.intake import (
    RequestClosed,
    RequestDuplicated,
    RequestFiled,
    RequestRated,
    RequestReclassified,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestSeparated,
    RequestWithdrawn,
    Urgency,
)

_RANK: Mapping[Urgency, int] = MappingProxyType({urgency: rank for rank, urgency in enumerate(Urgency)})
"""The contract names them from the most to the least urgent."""


class Kind(StrEnum):
    """How a request came into a month's figures."""

    RATED = "rated"
    """Called back, and counted."""
    EXCLUDED = "excluded"
    """Called back, and left out for a reason by the head."""
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    WITHDRAWN = "withdrawn"


class Flag(StrEnum):
    """What makes a number look better than it may be."""

    CLOSED_EARLY = "closed_early"
    """Handled within less working time than it takes to look at it."""
    NO_WORK = "no_work"
    """Closed without any minute of work recorded since filing or reopening."""
    NO_CHECK = "no_check"
    """Closed so soon after handling that nobody can have checked it."""
    RECLASSIFIED_LATE = "reclassified_late"
    """Category or urgency changed in the last part of the limit, or after it."""
    URGENCY_LOWERED = "urgency_lowered"
    MERGED_LATE = "merged_late"
    """Joined to another request in the last part of the limit, or after it."""
    PART = "part"
    """Of a request that was split: one concern that may count several times."""
    OWN_WORK = "own_work"
    """The answers were entered by the account that handled, verified or closed it."""


@dataclass(frozen=True, slots=True)
class Standard:
    """From which size on something is flagged. Our own estimates: no regulation names one."""

    least_minutes: int = 10
    """Working minutes from filing to handling below which a request was hardly looked at."""
    least_check: timedelta = timedelta(minutes=1)
    """From handling to closing."""
    last_part: float = 0.25
    """Share of the limit, counted from its end, that is "shortly before"."""


DEFAULT = Standard()


@dataclass(frozen=True, slots=True)
class Course:
    """What the rates need to know of one request so far."""

    request: UUID
    filed: datetime
    category: str | None
    grid: UUID | None
    channel: str
    urgency: Urgency
    history: bool
    started: datetime
    """When the present limit began: filing, the last reopening, or standing alone again after having been joined."""
    handled: datetime | None = None
    effort: int | None = None
    """Minutes of work recorded since then."""
    closed: datetime | None = None
    """Since when it is closed and waits for its call-back."""
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the figures."""

    request: UUID
    at: datetime
    kind: Kind
    category: str | None
    grid: UUID | None
    channel: str
    responded: bool | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    reason: str | None = None
    """Of an exclusion or a rejection."""
    flags: frozenset[Flag] = frozenset()

    @property
    def month(self) -> date:
        return month_of(self.at)


@dataclass(frozen=True, slots=True)
class Book:
    """What the events come to."""

    marks: tuple[Mark, ...]
    """In the order in which they were made."""
    courses: Mapping[UUID, Course]

    @property
    def waiting(self) -> tuple[Course, ...]:
        """Closed and not called back."""
        return tuple(course for course in self.courses.values() if course.closed and not course.history)

    @property
    def history(self) -> tuple[Course, ...]:
        """Records of the past, which never count."""
        return tuple(course for course in self.courses.values() if course.history)


def month_of(at: datetime) -> date:
    """The first day of the month, as the calendar on the wall in Shanghai has it."""
    return at.astimezone(SHANGHAI).date().replace(day=1)


def fold(events: Iterable[tuple[datetime, Event]], standard: Standard = DEFAULT) -> Book:
    """The figures of any number of requests, from events in the order in which they happened to each.

    Events that no rate depends on, and those of requests whose filing is not among them, change nothing.
    """
    courses: dict[UUID, Course] = {}
    marks: list[Mark] = []
    for at, event in events:
        if isinstance(event, RequestFiled):
            courses[event.request] = _filed(event)
        elif (request := getattr(event, "request", None)) in courses:
            courses[request], mark = step(courses[request], at, event, standard)
            marks += [mark] if mark else []
    return Book(tuple(marks), courses)


def step(course: Course, at: datetime, event: Event, standard: Standard) -> tuple[Course, Mark | None]:
    """What one event after its filing does to a request, and the mark that it makes."""
    mark: Mark | None = None
    match event:
        case RequestReclassified():
            course = _reclassified(course, at, event, standard)
        case CaseSubmitted():
            course = replace(course, handled=at, effort=(course.effort or 0) + event.effort)
        case RequestReworked():
            course = replace(course, handled=None)
        case RequestClosed():
            flags = course.flags | _closing_flags(course, at, event, standard)
            course = replace(course, closed=at, flags=flags)
        case RequestReopened() | RequestSeparated():
            # A part stays one; all else belonged to the round that is over.
            flags = course.flags & {Flag.PART}
            course = replace(course, started=at, handled=None, effort=None, closed=None, flags=flags)
        case RequestRated():
            course, mark = replace(course, closed=None), _rated(course, at, event)
        case RequestRejected():
            mark = replace(_mark(course, at, Kind.REJECTED), reason=event.reason)
        case RequestDuplicated() if not event.moved:
            mark = _duplicated(course, at, event, standard)
        case RequestWithdrawn():
            mark = _mark(course, at, Kind.WITHDRAWN)
    return course, mark


def _filed(event: RequestFiled) -> Course:
    return Course(
        request=event.request,
        filed=event.filed,
        category=event.category,
        grid=event.grid,
        channel=event.channel.value,
        urgency=event.urgency,
        history=event.history,
        started=event.filed,
        flags=frozenset({Flag.PART} if event.parent else ()),
    )


def _reclassified(course: Course, at: datetime, event: RequestReclassified, standard: Standard) -> Course:
    flags = set(course.flags)
    if _RANK[event.urgency] > _RANK[course.urgency]:
        flags.add(Flag.URGENCY_LOWERED)
    if event.due_before is not None and _late(course, at, event.due_before, standard):
        flags.add(Flag.RECLASSIFIED_LATE)
    return replace(course, category=event.category, urgency=event.urgency, flags=frozenset(flags))


def _late(course: Course, at: datetime, due: datetime, standard: Standard) -> bool:
    return at >= due - (due - course.started) * standard.last_part


def _closing_flags(course: Course, at: datetime, event: RequestClosed, standard: Standard) -> set[Flag]:
    flags = set()
    if event.working_minutes < standard.least_minutes:
        flags.add(Flag.CLOSED_EARLY)
    if not course.effort:
        flags.add(Flag.NO_WORK)
    if course.handled is None or at - course.handled < standard.least_check:
        flags.add(Flag.NO_CHECK)
    return flags


def _duplicated(course: Course, at: datetime, event: RequestDuplicated, standard: Standard) -> Mark:
    mark = _mark(course, at, Kind.DUPLICATE)
    if event.due is not None and _late(course, at, event.due, standard):
        return replace(mark, flags=mark.flags | {Flag.MERGED_LATE})
    return mark


def _rated(course: Course, at: datetime, event: RequestRated) -> Mark:
    mark = _mark(course, at, Kind.EXCLUDED if event.excluded else Kind.RATED)
    return replace(
        mark,
        responded=event.responded,
        resolved=event.resolved,
        satisfied=event.satisfied,
        reason=event.reason if event.excluded else None,
        flags=mark.flags | ({Flag.OWN_WORK} if event.own_work else set()),
    )


def _mark(course: Course, at: datetime, kind: Kind) -> Mark:
    return Mark(course.request, at, kind, course.category, course.grid, course.channel, flags=course.flags)
