"""How the standard's services, states, times and lists stand to ours. Plain Python."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache

from services.intake.open311.refusals import DatesReversed, SpanTooLong, UnknownStatus, WrongDate
from services.intake.requests.rules import State
from shared.contracts.vocabulary import codes

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
SPAN = timedelta(days=90)
"""The longest range of a list, and the one that is meant where none is given (GeoReport v2, GET Service Requests)."""
MOST = 1000
"""Requests in one answer (the same, Response Volume)."""
MAX_DESCRIPTION = 4000
"""Characters (GeoReport v2, POST Service Request)."""
CHANGED = datetime(2026, 11, 28, tzinfo=UTC)
"""When the list of services was changed last, for `changeset` of the discovery."""
_OTHER = "其他"
_LEVEL1, _LEVEL2 = 2, 4


class Status(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


CLOSED_STATES = frozenset({State.CLOSED, State.RATED, State.REJECTED, State.DUPLICATE, State.WITHDRAWN})
"""The community does nothing more about it; all other states are open."""


def status_of(state: State) -> Status:
    return Status.CLOSED if state in CLOSED_STATES else Status.OPEN


@dataclass(frozen=True, slots=True)
class Service:
    code: str
    name: str
    description: str
    keywords: tuple[str, ...]
    group: str


@cache
def services(withheld: tuple[str, ...]) -> Mapping[str, Service]:
    """All that may be asked for, by code, in the order of the taxonomy.

    Its second level: the third (517) is longer than anybody reads on a telephone, and half of its last entries are
    "other". For whoever does not know which, each group has a service of its own, under the group's code.
    """
    taxonomy = {code: names[0] for code, names in codes("category").items()}
    found: dict[str, Service] = {}
    for code, name in taxonomy.items():
        if code.startswith(withheld) or len(code) > _LEVEL2:
            continue
        group = taxonomy[code[:_LEVEL1]]
        children = tuple(
            dict.fromkeys(
                child
                for at, child in taxonomy.items()
                if at.startswith(code) and len(at) == len(code) + 2 and not at.startswith(withheld)
            )
        )
        if len(code) == _LEVEL1:
            title = f"{name}（不确定类别）"
        else:
            title = f"{name}（{group}）" if name == _OTHER else name
        words = tuple(child for child in children if child != _OTHER)
        found[code] = Service(
            code=code,
            name=title,
            description=f"{group}：{'、'.join(words)}" if words else group,
            keywords=words,
            group=group,
        )
    return found


def service_code_of(category: str) -> str:
    """The service that a category belongs to."""
    return category[:_LEVEL2]


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """A parameter that may be given several times, each with commas; empty is as if it were not there."""
    return tuple(dict.fromkeys(part.strip() for value in values for part in value.split(",") if part.strip()))


def statuses(values: Sequence[str]) -> frozenset[Status]:
    """Raises UnknownStatus. None is all."""
    try:
        return frozenset(Status(value) for value in values) or frozenset(Status)
    except ValueError:
        raise UnknownStatus(field="status") from None


def states_of(wanted: frozenset[Status]) -> tuple[State, ...]:
    return tuple(state for state in State if status_of(state) in wanted)


def moment(text: str, *, field: str) -> datetime:
    """A time as the W3C writes it (https://www.w3.org/TR/NOTE-datetime), with its zone. Raises WrongDate."""
    # Unescaped in an address, the plus of a zone arrives as a space.
    plain = text.strip().replace(" ", "+")
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        raise WrongDate(field=field) from None
    if at.tzinfo is None or not 1970 <= at.year < 2200:
        raise WrongDate(field=field)
    return at.astimezone(UTC)


def period(start: str | None, end: str | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when requests were made: at most 90 days; with one end given, 90 days from there; else the last 90.

    Raises WrongDate, DatesReversed, SpanTooLong.
    """
    since = moment(start, field="start_date") if start else None
    until = moment(end, field="end_date") if end else None
    if until is None:
        until = now if since is None else since + SPAN
    if since is None:
        since = until - SPAN
    if since > until:
        raise DatesReversed(field="start_date")
    if until - since > SPAN:
        raise SpanTooLong(field="end_date", days=SPAN.days)
    return since, until
