"""The three rates for those who answer for them: figures, the requests behind each figure, a file for the head."""

import csv
import io
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import Response

from services.intake.rates import queries
from services.intake.rates.months import later
from services.intake.rates.numbers import Number
from services.intake.rates.queries import Narrowed
from services.intake.rates.routes.schemas import (
    CategoryPrefix,
    Department,
    Month,
    MonthsTheWrongWay,
    Rates,
    RatesOfMonths,
    RequestBehind,
    behind,
    first_of,
    line,
)
from services.intake.rates.tallies import PAST_MONTHS, By, Tally, unusual_exclusions
from services.intake.wire import Code, UnknownCode, known_code
from shared.contracts.intake import Channel
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses
from shared.web.refusing import Responses

router = APIRouter()
_MOST_MONTHS = 36
_CSV: Responses = {200: {"description": "The file", "content": {"text/csv": {"schema": {"type": "string"}}}}}
_COLUMNS = (
    "key", "name", "rated", "responded", "resolved", "satisfied", "response_rate", "resolution_rate",
    "satisfaction_rate", "excluded", "exclusion_rate", "exclusions", "rejected", "rejections", "duplicates",
    "withdrawn", "waiting", "history", "flags",
)  # fmt: skip


@router.get("/v1/rates", responses=refuses(MonthsTheWrongWay, UnknownCode))
async def read_rates(
    call: Annotated[Call, permit("rates:read")],
    month: Month,
    *,
    until: Month | None = None,
    by: By = By.COMMUNITY,
    grid: UUID | None = None,
    category: CategoryPrefix = None,
    channel: Channel | None = None,
    department: Department = None,
) -> RatesOfMonths:
    """The rates of a month, or of the months until `until`, with all that was left out of them and what was noticed."""
    narrowed = _narrowed(grid, category, channel, department)
    return await _figures(call, month, until or month, by, narrowed)


@router.get("/v1/rates/export", response_class=Response, responses=refuses(MonthsTheWrongWay) | _CSV)
async def export_rates(
    call: Annotated[Call, permit("rates:export")],
    month: Month,
    *,
    until: Month | None = None,
    by: By = By.COMMUNITY,
) -> Response:
    """The same as CSV (UTF-8 with a mark for spreadsheets), a line a row; several counts of a cell as `code=count`."""
    figures = await _figures(call, month, until or month, by, Narrowed())
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for each in figures.lines:
        writer.writerow([_cell(each, column) for column in _COLUMNS])
    name = f"rates-{figures.first}-{figures.last}-{by.value}.csv"
    return Response(
        file.getvalue().encode("utf-8-sig"),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/v1/rates/requests", responses=refuses(UnknownCode))
async def list_requests_behind(
    call: Annotated[Call, permit("rates:read")],
    month: Month,
    number: Number,
    *,
    reason: Annotated[Code | None, Query(description="Of exclusions and rejections")] = None,
    flag: Annotated[Code | None, Query(description="Of the vocabulary `rate_flag`")] = None,
    grid: UUID | None = None,
    category: CategoryPrefix = None,
    channel: Channel | None = None,
    department: Department = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RequestBehind]:
    """The requests behind a number of `/v1/rates`, the latest first: as many as the number says."""
    in_time = number in {Number.WAITING, Number.HISTORY}
    before: tuple[datetime, UUID] | tuple[int] | None = None
    if cursor is not None:
        before = cursor.take(datetime, UUID) if in_time else cursor.take(int)
    async with call.transaction() as session:
        rows = await queries.behind(
            session,
            number,
            first_of(month),
            _narrowed(grid, category, channel, department),
            reason=reason,
            flag=flag,
            before=before,
            limit=limit + 1,
        )
    return page(
        rows,
        limit,
        item=lambda row: behind(row, call.language),
        position=lambda row: (row.position, row.request) if in_time else (row.position,),
    )


def _narrowed(
    grid: UUID | None, category: str | None, channel: Channel | None, department: str | None
) -> Narrowed:
    """Raises UnknownCode."""
    if department is not None:
        known_code("department", department, field="department")
    return Narrowed(grid, category, None if channel is None else channel.value, department)


async def _figures(call: Call, first: str, last: str, by: By, narrowed: Narrowed) -> RatesOfMonths:
    start, end = first_of(first), first_of(last)
    if not start <= end < later(start, _MOST_MONTHS):
        raise MonthsTheWrongWay(
            field="until",
            reason_zh=f"结束月份应不早于开始月份，且不超过 {_MOST_MONTHS} 个月。",
            reason_en=f"`until` is not before `month`, and at most {_MOST_MONTHS} months in all.",
        )
    async with call.transaction() as session:
        found = await queries.tallies(session, start, end, by, narrowed)
        unusual = False
        if by is By.COMMUNITY and start == end and narrowed == Narrowed():
            past = await queries.called_back(session, later(start, -PAST_MONTHS), later(start, -1))
            unusual = unusual_exclusions(found.get("", Tally()), past)
    if by is By.COMMUNITY and not found:
        found = {"": Tally()}
    lines = [line(key, tally, by, call.language) for key, tally in found.items()]
    by_size = by is not By.MONTH
    lines.sort(key=lambda each: (-each.rated, each.key) if by_size else (0, each.key))
    return RatesOfMonths(first=first, last=last, by=by, lines=lines, exclusions_unusual=unusual)


def _cell(row: Rates, column: str) -> str:
    value = getattr(row, column)
    if isinstance(value, list):
        return " ".join(f"{each.code}={each.count}" for each in value)
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else str(value)
