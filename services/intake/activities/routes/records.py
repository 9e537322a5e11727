"""Reading activities: many, one, and the story of one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import own_resident
from services.intake.activities import queries
from services.intake.activities.queries import Filter
from services.intake.activities.routes import showing
from services.intake.activities.routes.schemas import ActivityLine, ActivityRecord, Mine, Story
from services.intake.activities.rules import ActivityNotFound, State
from services.intake.activities.tables import Activity
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()


@router.get("/v1/activities")
async def list_activities(
    call: Annotated[Call, permit("activities:read")],
    *,
    state: State | None = None,
    kind: Annotated[str | None, Query(max_length=48)] = None,
    series: UUID | None = None,
    coming: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[ActivityLine]:
    """Activities and proposals, the latest first. Residents see proposals once a worker has checked their text."""
    narrowed = Filter(state, kind, series, coming, own_resident(call.principal))
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(session, narrowed, before=before, limit=limit + 1)
        ids = [row.id for row in rows]
        lanes, votes = await queries.lanes_of(session, ids), await queries.votes(session, ids)

    def item(row: Activity) -> ActivityLine:
        return showing.line(row, lanes.get(row.id, {}), votes.get(row.id, 0), call.language)

    return page(rows, limit, item=item, position=lambda row: (row.id,))


@router.get("/v1/activities/{id}", responses=refuses(ActivityNotFound))
async def read_activity(id: UUID, call: Annotated[Call, permit("activities:read")]) -> ActivityRecord:
    """An activity, how its places stand, and where the caller stands. The ETag is for whoever changes the plan."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        row = await queries.one(session, id, seen_by=own)
        lanes, votes = await queries.lanes(session, id), await queries.votes(session, [id])
        voted = own is not None and await queries.voted(session, id, own)
        mine = None if own is None else await _mine(session, id, own)
    call.answer_with("ETag", f'"{row.version}"')
    return showing.record(
        row,
        lanes,
        votes.get(id, 0),
        call.language,
        voted=voted,
        mine=mine,
        proposer=row.proposer if own in {None, row.proposer} else None,
    )


@router.get("/v1/activities/{id}/story", responses=refuses(ActivityNotFound))
async def read_activity_story(id: UUID, call: Annotated[Call, permit("activities:story")]) -> Story:
    """All that happened to an activity: each move with its time, by whom, and why."""
    async with call.transaction() as session:
        await queries.one(session, id)
        entries = await queries.story(session, id)
    return Story(id=id, entries=[showing.story_line(entry, call.language) for entry in entries])


async def _mine(session: AsyncSession, activity: UUID, own: UUID) -> Mine | None:
    found = await queries.sign_up_of(session, activity, own)
    return None if found is None else showing.mine(found, await queries.position(session, found))
