"""What everybody may read: requests without words, addresses and people."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.intake.desk import Desk
from services.intake.open311 import queries
from services.intake.open311.formats import PREFIX, Answer, format_of, response
from services.intake.open311.queries import Wanted
from services.intake.open311.refusals import ServiceRequestUnknown, TokenUnknown, WrongPage
from services.intake.open311.routes.jurisdictions import Jurisdiction, Jurisdictions
from services.intake.open311.rules import MOST, listed, period, states_of, statuses
from services.intake.open311.showing import extended, request_line
from services.intake.open_data.crowds import Crowd
from services.intake.requests.reference import WrongReference, parse
from services.intake.requests.tables import Request as RequestRow
from shared.refusals import Language
from shared.security import public_route
from shared.web import Visitor, provided

router = APIRouter()
AnyVisitor = Annotated[Visitor, public_route()]
AllJurisdictions = Annotated[Jurisdictions, provided(Jurisdictions)]
AnyDesk = Annotated[Desk, provided(Desk)]
Everybody = Annotated[Crowd, provided(Crowd)]


@router.get(f"{PREFIX}v2/requests.{{format}}", include_in_schema=False)
async def open311_requests(
    *,
    format: str,
    request: Request,
    visitor: AnyVisitor,
    jurisdictions: AllJurisdictions,
    desk: AnyDesk,
    crowd: Everybody,
) -> Response:
    """Requests of a range of at most 90 days, at most 1000 of them, the latest first."""
    asked = request.query_params
    wanted_format = format_of(format)
    jurisdiction = jurisdictions.named(asked.get("jurisdiction_id"))
    ids = listed(asked.getlist("service_request_id"))
    services: tuple[str, ...] = ()
    # "This overrides all other arguments", so nothing of what else is said can be wrong.
    if ids:
        since = until = visitor.now
        states = states_of(statuses(()))
    else:
        since, until = period(asked.get("start_date"), asked.get("end_date"), visitor.now)
        states = states_of(statuses(listed(asked.getlist("status"))))
        services = listed(asked.getlist("service_code"))
    wanted = Wanted(
        references=tuple(_references(ids)) if ids else None,
        services=services,
        since=since,
        until=until,
        states=states,
    )
    size, number = _page(asked.get("page_size"), asked.get("page"))
    async with crowd.turn(), desk.database.transaction(jurisdiction.tenant.id) as session:
        rows = await queries.listing(
            session, wanted, jurisdiction.publishing.withheld, offset=size * (number - 1), limit=size
        )
        told = await _told(session, rows, jurisdiction, visitor.language, more=_extensions(request))
    return response(Answer("service_requests", told), wanted_format, visitor.language)


@router.get(f"{PREFIX}v2/requests/{{id}}.{{format}}", include_in_schema=False)
async def open311_request(
    *,
    id: str,
    format: str,
    request: Request,
    visitor: AnyVisitor,
    jurisdictions: AllJurisdictions,
    desk: AnyDesk,
    crowd: Everybody,
) -> Response:
    """One request, by the number that its filing was answered with."""
    wanted = format_of(format)
    jurisdiction = jurisdictions.named(request.query_params.get("jurisdiction_id"))
    (reference,) = _references((id,)) or (None,)
    if reference is None:
        raise ServiceRequestUnknown(field="service_request_id")
    async with crowd.turn(), desk.database.transaction(jurisdiction.tenant.id) as session:
        row = await queries.one(session, reference, jurisdiction.publishing.withheld)
        if row is None:
            raise ServiceRequestUnknown(field="service_request_id")
        told = await _told(session, [row], jurisdiction, visitor.language, more=_extensions(request))
    return response(Answer("service_requests", told), wanted, visitor.language)


@router.get(f"{PREFIX}v2/tokens/{{token}}.{{format}}", include_in_schema=False)
async def open311_token(
    *,
    token: str,
    format: str,
    request: Request,
    visitor: AnyVisitor,
    jurisdictions: AllJurisdictions,
    desk: AnyDesk,
    crowd: Everybody,
) -> Response:
    """The number behind a token. Filing answers with the number itself, so no client is ever given a token; who has a
    request's id from elsewhere (an event, our own API) may come with it."""
    wanted = format_of(format)
    jurisdiction = jurisdictions.named(request.query_params.get("jurisdiction_id"))
    try:
        key = UUID(token)
    except ValueError:
        raise TokenUnknown(field="token") from None
    async with crowd.turn(), desk.database.transaction(jurisdiction.tenant.id) as session:
        reference = await queries.reference_of(session, key)
    if reference is None:
        raise TokenUnknown(field="token")
    told = [{"service_request_id": reference, "token": token}]
    return response(Answer("service_requests", told), wanted, visitor.language)


async def _told(
    session: AsyncSession,
    rows: Sequence[RequestRow],
    jurisdiction: Jurisdiction,
    language: Language,
    *,
    more: bool,
) -> list[dict[str, Any]]:
    ids = [row.id for row in rows]
    changed = await queries.changed(session, ids)
    stories = await queries.stories(session, ids) if more else {}
    lines = []
    for row in rows:
        line = request_line(
            row,
            changed.get(row.id, row.filed),
            tenant=jurisdiction.tenant,
            publishing=jurisdiction.publishing,
            language=language,
        )
        lines.append({**line, **extended(row, stories[row.id], language)} if more else line)
    return lines


def _references(ids: Sequence[str]) -> list[str]:
    """In the form in which they are stored; what cannot be a number finds nothing."""
    found = []
    for id in ids[:MOST]:
        try:
            found.append(parse(id))
        except WrongReference:
            continue
    return found


def _page(size: str | None, number: str | None) -> tuple[int, int]:
    """The pages that most implementations have beside the standard (GeoReport v2 Extensions). Raises WrongPage."""
    try:
        found = int(size or MOST), int(number or 1)
    except ValueError:
        raise WrongPage(field="page", most=MOST) from None
    if not 1 <= found[0] <= MOST or not 1 <= found[1] <= MOST:
        raise WrongPage(field="page", most=MOST)
    return found


def _extensions(request: Request) -> bool:
    return request.query_params.get("extensions", "").lower() in {"true", "1"}
