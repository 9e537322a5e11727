"""HTTP paths of hot spots."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import own_resident
from services.intake.desk import Desk
from services.intake.hot_spots import actions, queries
from services.intake.hot_spots.queries import Filter, HotSpotNotFound
from services.intake.hot_spots.rules import Heat, State
from services.intake.hot_spots.tables import HotSpot
from services.intake.requests.routes.schemas import RequestLine
from services.intake.requests.routes.showing import line as request_line
from services.intake.residents.queries import ResidentNotFound, several
from services.intake.wire import word
from shared.refusals import Forbidden, InvalidValue, Language
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["hot spots"])
AnyDesk = Annotated[Desk, provided(Desk)]


class WhoseVote(InvalidValue):
    type = "vote-without-resident"
    zh = "请说明是哪位居民附议。"
    en = "Say which resident says so too."


class OwnVoteOnly(Forbidden):
    type = "own-vote-only"
    zh = "您只能为自己附议。"
    en = "You can say so for yourself only."


class Vote(Model):
    resident: UUID | None = None
    """Whose it is. A resident who votes for themselves leaves it out."""


class HotSpotLine(Model):
    """A hot spot: codes, numbers, the name of a place; no words of anybody."""

    id: UUID
    state: State
    category: str | None
    category_name: str | None
    grid: UUID | None
    place: str | None
    heat: int
    """The heat index, as of `measured`."""
    requests: int
    residents: int
    votes: int
    first: datetime
    last: datetime
    announced: datetime | None
    cooled: datetime | None
    measured: datetime


class Arithmetic(Model):
    """heat = 10 * (people + 0.2 * repeats + 0.5 * votes) * spread, each weighed by its age as of now."""

    people: float
    repeats: float
    votes: float
    spread: float
    heat: int
    half_life_days: int
    announced_from: int
    cooled_below: int


class HotSpotRecord(HotSpotLine):
    arithmetic: Arithmetic


@router.get("/v1/hot-spots")
async def list_hot_spots(
    call: Annotated[Call, permit("hot_spots:read")],
    *,
    state: State | None = None,
    grid: UUID | None = None,
    category: Annotated[str | None, Query(pattern=r"^(\d{2}){1,3}$")] = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[HotSpotLine]:
    """Hot spots, the hottest first."""
    after = None if cursor is None else cursor.take(int, UUID)
    async with call.transaction() as session:
        rows = await queries.listing(session, Filter(state, grid, category), after=after, limit=limit + 1)
    return page(
        rows, limit, item=lambda row: _line(row, call.language), position=lambda row: (row.heat, row.id)
    )


@router.get("/v1/hot-spots/{id}", responses=refuses(HotSpotNotFound))
async def read_hot_spot(
    id: UUID, call: Annotated[Call, permit("hot_spots:read")], desk: AnyDesk
) -> HotSpotRecord:
    """One hot spot, with how its heat comes about now."""
    terms = desk.policies.of(call.tenant).hot_spots
    async with call.transaction() as session:
        row = await queries.one(session, id)
        heat = (await queries.measured(session, [id], terms, call.now))[id].heat
    return HotSpotRecord(
        **_line(row, call.language).model_dump(),
        arithmetic=Arithmetic(
            **_parts(heat),
            heat=heat.index,
            half_life_days=terms.half_life_days,
            announced_from=terms.announced_from,
            cooled_below=terms.cooled_below,
        ),
    )


@router.get("/v1/hot-spots/{id}/requests", responses=refuses(HotSpotNotFound))
async def list_hot_spot_requests(
    id: UUID,
    call: Annotated[Call, permit("hot_spots:open")],
    *,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RequestLine]:
    """The requests behind it, the latest first. For who works for the community: they are other people's."""
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        await queries.one(session, id)
        rows = await queries.requests_of(session, id, before=before, limit=limit + 1)
    return page(
        rows, limit, item=lambda row: request_line(row, call.language), position=lambda row: (row.id,)
    )


_VOTE = refuses(HotSpotNotFound, WhoseVote, OwnVoteOnly, ResidentNotFound)


@router.post("/v1/hot-spots/{id}/votes", responses=_VOTE)
async def vote_for_hot_spot(
    id: UUID, body: Vote, call: Annotated[Call, permit("hot_spots:vote")], desk: AnyDesk
) -> HotSpotLine:
    """Me too (附议): one each, however often it is said. Who filed a request of it is counted already."""
    return await _voted(id, body, call, desk, take_back=False)


@router.post("/v1/hot-spots/{id}/votes/take-back", responses=_VOTE)
async def take_hot_spot_vote_back(
    id: UUID, body: Vote, call: Annotated[Call, permit("hot_spots:vote")], desk: AnyDesk
) -> HotSpotLine:
    """It is no concern of theirs any more."""
    return await _voted(id, body, call, desk, take_back=True)


async def _voted(id: UUID, body: Vote, call: Call, desk: Desk, *, take_back: bool) -> HotSpotLine:
    resident = _resident(body, own_resident(call.principal))
    terms = desk.policies.of(call.tenant).hot_spots

    async def vote(session: AsyncSession) -> HotSpotLine:
        known = await several(session, [resident])
        if not known:
            raise ResidentNotFound
        act = actions.take_back if take_back else actions.vote
        row = await act(session, id, resident, terms, call.now)
        return _line(row, call.language)

    return await call.once(vote)


def _resident(body: Vote, own: UUID | None) -> UUID:
    """Raises OwnVoteOnly, WhoseVote."""
    if own is not None:
        if body.resident not in {None, own}:
            raise OwnVoteOnly
        return own
    if body.resident is None:
        raise WhoseVote(field="resident")
    return body.resident


def _line(row: HotSpot, language: Language) -> HotSpotLine:
    return HotSpotLine(
        id=row.id,
        state=State(row.state),
        category=row.category,
        category_name=word("category", row.category, language),
        grid=row.grid,
        place=row.place,
        heat=row.heat,
        requests=row.requests,
        residents=row.residents,
        votes=row.votes,
        first=row.first,
        last=row.last,
        announced=row.announced,
        cooled=row.cooled,
        measured=row.measured,
    )


def _parts(heat: Heat) -> dict[str, float]:
    return {
        "people": round(heat.people, 2),
        "repeats": round(heat.repeats, 2),
        "votes": round(heat.votes, 2),
        "spread": round(heat.spread, 2),
    }
