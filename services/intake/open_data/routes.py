"""The anonymised list for everybody: JSON in pages, or CSV. Its data dictionary is docs/integrate/open-data.md."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.intake.desk import Desk
from services.intake.open_data import queries
from services.intake.open_data.crowds import Crowd
from services.intake.open_data.tables import OpenRequest
from services.intake.wire import word
from shared.contracts.intake import Channel, Outcome, Urgency
from shared.refusals import Language, NotFound
from shared.security import public_route
from shared.web import Cursor, Model, Visitor, cursor_query, provided, refuses

router = APIRouter(tags=["open-data"])
MOST = 1000
_BOM = "\ufeff"  # so that spreadsheets take the file for UTF-8


class NoOpenData(NotFound):
    type = "no-open-data"
    zh = "该社区没有公开数据。"
    en = "This community offers no open data."


class OpenLine(Model):
    """One request, as coarse as it has to be so that several look like it."""

    row: str
    """The same in every release; leads to nothing else."""
    period: str
    """When it was filed: `2026-11-28`, or `2026-11` where a day would tell too much."""
    category: str
    """Of the official taxonomy: four digits (level 2), or two (level 1)."""
    category_name: str
    place: str | None
    """A road, a building, an institution; absent where it would tell too much."""
    grid: str | None
    """Id of the grid."""
    status: Literal["open", "closed"]
    urgency: Urgency
    channel: Channel
    outcome: Outcome | None
    within_limit: bool | None
    days: int | None
    """Whole days from filing to closing."""


class OpenPage(Model):
    released: datetime
    """When the list was made; it is made anew every night."""
    shown: int
    """Requests in the whole list."""
    left_out: int
    """Requests that are not in it: of a category that is withheld or not known yet, or too rare even by month."""
    items: list[OpenLine]
    next: str | None = None


COLUMNS = tuple(OpenLine.model_fields)


@router.get(
    "/v1/open-data/requests",
    response_model=OpenPage,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "Successful Response"},
        **refuses(NoOpenData),
    },
)
async def list_open_data(
    *,
    request: Request,
    visitor: Annotated[Visitor, public_route()],
    desk: Annotated[Desk, provided(Desk)],
    crowd: Annotated[Crowd, provided(Crowd)],
    tenant: Annotated[str, Query(max_length=31, description="The community's id")],
    format: Annotated[Literal["json", "csv"], Query()] = "json",
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 200,
) -> Response | OpenPage:
    """What a community shows everybody of its requests, the latest first. No token is needed; CSV says the next page in
    a `Link` header."""
    if not desk.policies.knows(tenant) or not desk.policies.of(tenant).publishing.open_data:
        raise NoOpenData
    before = None
    if cursor is not None:
        day, row = cursor.take(datetime, str)
        before = day.date(), row
    async with crowd.turn(), desk.database.transaction(tenant) as session:
        release = await queries.last_release(session)
        rows = await queries.listing(session, since=since, until=until, before=before, limit=limit + 1)
    if release is None:
        raise NoOpenData
    lines = [_line(row, visitor.language) for row in rows[:limit]]
    following = _position(rows[limit - 1]).encode() if len(rows) > limit else None
    if format == "json":
        return OpenPage(
            released=release.released,
            shown=release.shown,
            left_out=release.left_out,
            items=lines,
            next=following,
        )
    if following is not None:
        address = request.url.include_query_params(cursor=following)
        visitor.answer_with("Link", f'<{address.path}?{address.query}>; rel="next"')
    return Response(_csv(lines), media_type="text/csv; charset=utf-8")


def _line(row: OpenRequest, language: Language) -> OpenLine:
    category = row.category or ""
    return OpenLine(
        row=row.row,
        period=row.period.isoformat() if row.precision == "day" else row.period.strftime("%Y-%m"),
        category=category,
        category_name=word("category", category, language) or "",
        place=row.place,
        grid=None if row.grid is None else str(row.grid),
        status="closed" if row.status == "closed" else "open",
        urgency=Urgency(row.urgency),
        channel=Channel(row.channel),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        within_limit=row.within_limit,
        days=row.days,
    )


def _position(row: OpenRequest) -> Cursor:
    return Cursor((datetime.combine(row.period, datetime.min.time()), row.row))


def _csv(lines: Sequence[OpenLine]) -> str:
    """RFC 4180, with a header; absent is empty."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for line in lines:
        values = line.model_dump(mode="json")
        writer.writerow("" if values[name] is None else values[name] for name in COLUMNS)
    return _BOM + written.getvalue()
