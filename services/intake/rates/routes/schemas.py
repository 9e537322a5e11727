"""What travels about the three rates."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import StringConstraints

from services.intake.rates.queries import Line
from services.intake.rates.tallies import LEVELS, By, Tally, share
from services.intake.wire import Code, word
from shared.contracts.vocabulary import name
from shared.refusals import InvalidValue, Language
from shared.web import Model

_ANY = "any"
Month = Annotated[
    str,
    StringConstraints(pattern=r"^20\d\d-(0[1-9]|1[0-2])$"),
    Query(description="The month of the call-back in Asia/Shanghai: `2026-11`"),
]
CategoryPrefix = Annotated[
    str | None, Query(pattern=r"^(\d{2}){1,3}$", description="With the categories below it")
]

Department = Annotated[Code | None, Query(description="Of the vocabulary `department`")]


class MonthsTheWrongWay(InvalidValue):
    type = "months-the-wrong-way"


class CountOf(Model):
    """How many of a kind, with its code in words."""

    code: str
    name: str
    count: int


class Rates(Model):
    """One line of figures. Rates are shares from 0 to 1, absent where nothing was counted."""

    key: str
    """What the line is about: a grid's id, a category, a department, a channel, a month; empty for the community."""
    name: str | None
    """The same in words, where it is a code."""
    rated: int
    """Call-backs that count: what all three rates are shares of."""
    responded: int
    resolved: int
    satisfied: int
    response_rate: float | None
    resolution_rate: float | None
    satisfaction_rate: float | None
    excluded: int
    """Call-backs that were left out of the rates,"""
    exclusion_rate: float | None
    """as a share of all,"""
    exclusions: list[CountOf]
    """and by reason."""
    rejected: int
    """Requests that were not taken on, and so never came to a call-back,"""
    rejections: list[CountOf]
    """by reason."""
    duplicates: int
    """Those that were joined to another; its rating counts once."""
    withdrawn: int
    waiting: int
    """Closed in that month, and not called back until now."""
    history: int
    """Records of the past: they never count."""
    flags: list[CountOf]
    """Lines that may look better than they are, by what was noticed. A line may have several."""


class RatesOfMonths(Model):
    """The three rates (三率) of a month, or of several."""

    first: str
    last: str
    by: By
    lines: list[Rates]
    """Largest first; by month in order."""
    exclusions_unusual: bool
    """For one month of the whole community: it excluded more than its own last half-year explains."""


class RequestBehind(Model):
    """A request behind a number."""

    request: UUID
    reference: str
    at: datetime
    kind: str
    category: str | None
    category_name: str | None
    grid: UUID | None
    channel: str
    responded: bool | None
    resolved: bool | None
    satisfied: bool | None
    reason: str | None
    reason_name: str | None
    flags: list[str]


class OpenLine(Model):
    """Figures for everybody: only where enough people stand behind them."""

    key: str
    """Category of the first level; empty for the community."""
    name: str
    rated: int
    response_rate: float
    resolution_rate: float
    satisfaction_rate: float
    excluded: int


class OpenRates(Model):
    """The three rates of a community and a month, as its residents see them."""

    community: str
    month: str
    lines: list[OpenLine]
    suppressed: int
    """Categories that are not shown: fewer than five call-backs, or another one's figures could be worked out by them."""


def first_of(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), 1)


def line(key: str | None, tally: Tally, by: By, language: Language) -> Rates:
    return Rates(
        key=_ANY if key is None else key,
        name=_name(key, by, language),
        rated=tally.rated,
        responded=tally.responded,
        resolved=tally.resolved,
        satisfied=tally.satisfied,
        response_rate=share(tally.responded, tally.rated),
        resolution_rate=share(tally.resolved, tally.rated),
        satisfaction_rate=share(tally.satisfied, tally.rated),
        excluded=tally.excluded.total(),
        exclusion_rate=share(tally.excluded.total(), tally.called_back),
        exclusions=_counts(tally.excluded, "exclusion_reason", language),
        rejected=tally.rejected.total(),
        rejections=_counts(tally.rejected, "rejection_reason", language),
        duplicates=tally.duplicates,
        withdrawn=tally.withdrawn,
        waiting=tally.waiting,
        history=tally.history,
        flags=_counts(tally.flags, "rate_flag", language),
    )


def behind(row: Line, language: Language) -> RequestBehind:
    kind = "rejection_reason" if row.kind == "rejected" else "exclusion_reason"
    return RequestBehind(
        request=row.request,
        reference=row.reference,
        at=row.at,
        kind=row.kind,
        category=row.category,
        category_name=word("category", row.category, language),
        grid=row.grid,
        channel=row.channel,
        responded=row.responded,
        resolved=row.resolved,
        satisfied=row.satisfied,
        reason=row.reason,
        reason_name=word(kind, row.reason, language),
        flags=list(row.flags),
    )


def _name(key: str | None, by: By, language: Language) -> str | None:
    if key is None:
        return "未标明" if language == "zh" else "not said"
    if by in LEVELS:
        return name("category", key, language)
    return name(by.value, key, language) if by in {By.CHANNEL, By.DEPARTMENT} else None


def _counts(counter: dict[str, int], kind: str, language: Language) -> list[CountOf]:
    return [
        CountOf(code=code, name=name(kind, code, language), count=count)
        for code, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))
        if count
    ]
