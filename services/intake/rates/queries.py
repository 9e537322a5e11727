"""Every read of the rates: figures of a month, the requests behind each of them, stories to count again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    bindparam,
    case,
    cast,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.rates.months import bounds
from services.intake.rates.numbers import Number
from services.intake.rates.rules import Kind
from services.intake.rates.stories import DECISIVE
from services.intake.rates.tables import FLAGGED, RateMark
from services.intake.rates.tallies import LEVELS, By, Tally
from services.intake.requests.tables import TO_CALL_BACK, Request, StoryEntry
from shared.database import among
from shared.understanding.belonging import belongings

_MONTH = "YYYY-MM"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What the figures are narrowed to; None does not narrow."""

    grid: UUID | None = None
    category: str | None = None
    """Also the categories below it."""
    channel: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A request behind a number."""

    position: int | datetime
    request: UUID
    reference: str
    at: datetime
    """Of the call-back or of what else put it into the number."""
    kind: str
    category: str | None
    grid: UUID | None
    channel: str
    responded: bool | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    reason: str | None = None
    flags: Sequence[str] = ()


async def tallies(
    session: AsyncSession, first: date, last: date, by: By, narrowed: Narrowed
) -> Mapping[str | None, Tally]:
    """The figures of the months from `first` to `last`, line by line. Months are named by their first day."""
    found: dict[str | None, Tally] = {}

    def line(key: str | None) -> Tally:
        return found.setdefault(key, Tally())

    marks = _marks(first, last, narrowed)
    key = _key(RateMark, by, func.to_char(RateMark.month, _MONTH))
    counted = marks.with_only_columns(
        key.label("key"),
        RateMark.kind,
        RateMark.reason,
        func.count().label("total"),
        *(
            func.count().filter(column.is_(True)).label(column.key)
            for column in (RateMark.responded, RateMark.resolved, RateMark.satisfied)
        ),
    )
    for row in await session.execute(counted.group_by(text("1, 2, 3"))):
        yes = (row.responded, row.resolved, row.satisfied)
        line(row.key).add(Kind(row.kind), row.reason, row.total, yes=yes)
    flag = func.unnest(RateMark.flags).table_valued("flag").render_derived()
    flagged = (
        marks.where(text(FLAGGED))
        .join(flag, true())
        .with_only_columns(key.label("key"), flag.c.flag, func.count().label("total"))
    )
    for noticed in await session.execute(flagged.group_by(text("1, 2"))):
        line(noticed.key).flags[noticed.flag] = noticed.total
    for field, at, statement in (
        ("waiting", Request.closed, _waiting(first, last, narrowed)),
        ("history", Request.filed, _history(first, last, narrowed)),
    ):
        local = func.to_char(func.timezone("Asia/Shanghai", at), _MONTH)
        of = _key(Request, by, local).label("key")
        counting = statement.with_only_columns(of, func.count().label("total")).group_by(text("1"))
        for beside in await session.execute(counting):
            setattr(line(beside.key), field, beside.total)
    return found


async def called_back(session: AsyncSession, first: date, last: date) -> Sequence[Tally]:
    """Call-backs and exclusions of each month that had any: the community's own past."""
    statement = (
        select(RateMark.month, RateMark.kind, func.count().label("total"))
        .where(RateMark.month.between(first, last), RateMark.kind.in_([Kind.RATED, Kind.EXCLUDED]))
        .group_by(RateMark.month, RateMark.kind)
    )
    found: dict[date, Tally] = {}
    for row in await session.execute(statement):
        found.setdefault(row.month, Tally()).add(Kind(row.kind), None, row.total)
    return [found[month] for month in sorted(found)]


async def behind(
    session: AsyncSession,
    number: Number,
    month: date,
    narrowed: Narrowed,
    *,
    reason: str | None,
    flag: str | None,
    before: tuple[datetime, UUID] | tuple[int] | None,
    limit: int,
) -> Sequence[Line]:
    """The requests behind a number, the latest first, from below `before` on."""
    if number in {Number.WAITING, Number.HISTORY}:
        return await _requests_behind(session, number, month, narrowed, before=before, limit=limit)
    # Of one month, so that the index of its lines gives the latest first and nothing has to be sorted.
    statement = _narrow(select(RateMark).where(RateMark.month == month), RateMark, narrowed)
    statement = statement.join(Request, Request.id == RateMark.request).where(*_of_number(number))
    if reason is not None:
        statement = statement.where(RateMark.reason == reason)
    if flag is not None:
        statement = statement.where(text(FLAGGED), literal(flag) == func.any(RateMark.flags))
    if before is not None:
        statement = statement.where(RateMark.entry < before[0])
    rows = await session.execute(
        statement.with_only_columns(RateMark, Request.reference).order_by(RateMark.entry.desc()).limit(limit)
    )
    return [
        Line(
            position=mark.entry,
            request=mark.request,
            reference=reference,
            at=mark.at,
            kind=mark.kind,
            category=mark.category,
            grid=mark.grid,
            channel=mark.channel,
            responded=mark.responded,
            resolved=mark.resolved,
            satisfied=mark.satisfied,
            reason=mark.reason,
            flags=mark.flags,
        )
        for mark, reference in rows
    ]


async def stories(
    session: AsyncSession, requests: Sequence[UUID]
) -> Sequence[tuple[Request, Sequence[StoryEntry]]]:
    """Each of the requests with its whole story, in order."""
    found = (await session.scalars(select(Request).where(among(Request.id, requests)))).all()
    entries = await session.scalars(
        select(StoryEntry)
        .where(among(StoryEntry.request, requests))
        .order_by(StoryEntry.request, StoryEntry.id)
    )
    by_request: dict[UUID, list[StoryEntry]] = {row.id: [] for row in found}
    for entry in entries:
        by_request[entry.request].append(entry)
    return [(row, by_request[row.id]) for row in found]


async def unmarked(session: AsyncSession, *, after: UUID, count: int) -> Sequence[UUID]:
    """Requests whose story has an entry that makes a mark, and no mark of it, in the order of their ids from above
    `after` on."""
    marked = (
        select(RateMark.entry)
        .where(RateMark.request == StoryEntry.request, RateMark.entry == StoryEntry.id)
        .exists()
    )
    # As constants: only so does PostgreSQL see that the index is of these.
    decisive = StoryEntry.entry.in_(bindparam("decisive", DECISIVE, expanding=True, literal_execute=True))
    statement = select(StoryEntry.request).where(decisive, StoryEntry.request > after, ~marked).distinct()
    return (await session.scalars(statement.order_by(StoryEntry.request).limit(count))).all()


async def _requests_behind(
    session: AsyncSession,
    number: Number,
    month: date,
    narrowed: Narrowed,
    *,
    before: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[Line]:
    waits = number is Number.WAITING
    at = Request.closed if waits else Request.filed
    statement = (_waiting if waits else _history)(month, month, narrowed)
    if before is not None:
        statement = statement.where(tuple_(at, Request.id) < before)
    rows = await session.scalars(statement.order_by(at.desc(), Request.id.desc()).limit(limit))
    return [
        Line(
            position=row.closed or row.filed if waits else row.filed,
            request=row.id,
            reference=row.reference,
            at=row.closed or row.filed if waits else row.filed,
            kind=number.value,
            category=row.category,
            grid=row.grid,
            channel=row.channel,
        )
        for row in rows
    ]


def _marks(first: date, last: date, narrowed: Narrowed) -> Select[RateMark]:
    statement = select(RateMark).where(RateMark.month.between(first, last))
    return _narrow(statement, RateMark, narrowed)


def _waiting(first: date, last: date, narrowed: Narrowed) -> Select[Request]:
    start, end = bounds(first, last)
    statement = select(Request).where(text(TO_CALL_BACK), Request.closed >= start, Request.closed < end)
    return _narrow(statement, Request, narrowed)


def _history(first: date, last: date, narrowed: Narrowed) -> Select[Request]:
    start, end = bounds(first, last)
    statement = select(Request).where(Request.history, Request.filed >= start, Request.filed < end)
    return _narrow(statement, Request, narrowed)


def _narrow(statement: Select[Any], table: type[RateMark] | type[Request], narrowed: Narrowed) -> Select[Any]:
    if narrowed.grid is not None:
        statement = statement.where(table.grid == narrowed.grid)
    if narrowed.channel is not None:
        statement = statement.where(table.channel == narrowed.channel)
    if narrowed.category is not None:
        statement = statement.where(table.category.between(narrowed.category, narrowed.category + "9999"))
    if narrowed.department is not None:
        statement = statement.where(_department(table) == narrowed.department)
    return statement


def _key(table: type[RateMark] | type[Request], by: By, month: ColumnElement[str]) -> ColumnElement[Any]:
    match by:
        case By.COMMUNITY:
            return literal("", String)
        case By.GRID:
            return cast(table.grid, String)
        case By.CHANNEL:
            return table.channel.expression
        case By.MONTH:
            return month
        case By.DEPARTMENT:
            return _department(table)
        case _:
            digits = LEVELS[by]
            return case((func.length(table.category) >= digits, func.left(table.category, digits)))


def _department(table: type[RateMark] | type[Request]) -> ColumnElement[Any]:
    """As `belonging_of` finds it: the narrowest line of the category."""
    lines = sorted(belongings().items(), key=lambda line: -len(line[0]))
    return case(
        *(
            (func.left(table.category, len(code)) == code, literal(belonging.department, String))
            for code, belonging in lines
        )
    )


def _of_number(number: Number) -> Sequence[ColumnElement[bool]]:
    answers = {
        Number.RESPONDED: RateMark.responded.is_(True),
        Number.NOT_RESPONDED: RateMark.responded.is_(False),
        Number.RESOLVED: RateMark.resolved.is_(True),
        Number.NOT_RESOLVED: RateMark.resolved.is_(False),
        Number.SATISFIED: RateMark.satisfied.is_(True),
        Number.NOT_SATISFIED: RateMark.satisfied.is_(False),
    }
    if number in answers:
        return (RateMark.kind == Kind.RATED.value, answers[number])
    if number is Number.FLAGGED:
        return (text(FLAGGED),)  # type: ignore[return-value]  # a condition in words
    kinds = {
        Number.RATED: Kind.RATED,
        Number.EXCLUDED: Kind.EXCLUDED,
        Number.REJECTED: Kind.REJECTED,
        Number.DUPLICATES: Kind.DUPLICATE,
        Number.WITHDRAWN: Kind.WITHDRAWN,
    }
    return (RateMark.kind == kinds[number].value,)
