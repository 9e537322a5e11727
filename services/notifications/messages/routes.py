"""The story of a matter's messages, and the counts. Neither says a word of any message."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy import RowMapping

from services.notifications.messages.queries import counts, held_by_quiet_hours, story
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page

router = APIRouter(tags=["messages"])

MOST_DAYS = 31
"""A month. A median has to look at every message of its span."""


class MessageLine(Model):
    id: UUID
    event: str
    """Type of the event that it tells of."""
    recipient: UUID
    recipient_kind: str
    channel: str | None
    """Of the last attempt; absent before the first."""
    template: str
    state: str
    attempts: int
    reason: str | None
    """Why it waits or failed, as a code."""
    created: datetime
    finished: datetime | None


class Count(Model):
    template: str
    recipient_kind: str
    channel: str | None
    state: str
    count: int
    median_seconds: float | None
    """From creation to the final state."""


class Summary(Model):
    counts: list[Count]
    by_state: dict[str, int]
    held: int
    """Messages that wait for the end of quiet hours."""


@router.get("/v1/messages")
async def list_messages(
    call: Annotated[Call, permit("messages:read")],
    about: Annotated[UUID, Query(description="A request, a seeker, a worker")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[MessageLine]:
    """What anybody was told about a matter, in order, webhook deliveries included."""
    after = cursor.take(UUID)[0] if cursor else None
    async with call.transaction() as session:
        rows = await story(session, about, after=after, most=limit + 1)
    return page(rows, limit, item=_line, position=lambda row: (row["id"],))


@router.get("/v1/summary")
async def summarise(
    call: Annotated[Call, permit("messages:read")], days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 1
) -> Summary:
    """Messages that are open or were finished in the last days, by template, recipient, channel and state."""
    async with call.transaction() as session:
        rows = await counts(session, call.now - timedelta(days=days))
        held = await held_by_quiet_hours(session)
    by_state: dict[str, int] = {}
    for row in rows:
        by_state[row["state"]] = by_state.get(row["state"], 0) + row["count"]
    return Summary(counts=[Count(**row) for row in rows], by_state=by_state, held=held)


def _line(row: RowMapping) -> MessageLine:
    return MessageLine(**row)
