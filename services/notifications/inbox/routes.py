"""The in-app inbox: everything that a resident or worker was told, rendered when it is read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.inbox.actions import MessageNotFound, mark_read
from services.notifications.inbox.people import NotAPerson, person_of
from services.notifications.messages.queries import inbox, unread
from services.notifications.preferences.queries import preference
from services.notifications.sending.queries import all_facts
from services.notifications.templates.catalogue import Templates
from services.notifications.templates.rules import facts_of, render_note
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, provided, refuses

router = APIRouter(tags=["inbox"])


class InboxItem(Model):
    id: UUID
    event: str
    """Type of the event that it tells of."""
    about: UUID
    """A request, a seeker, a worker."""
    template: str
    title: str
    text: str
    created: datetime
    read: datetime | None


class Inbox(Page[InboxItem]):
    # A page's docstrings are not looked for.
    unread: int = Field(description="Of the whole inbox.")


class Read(Model):
    id: UUID
    read: datetime


@router.get("/v1/inbox", responses=refuses(NotAPerson))
async def list_inbox(
    call: Annotated[Call, permit("inbox:read")],
    templates: Annotated[Templates, provided(Templates)],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
    unread_only: Annotated[bool, Query(description="Only what was not opened yet")] = False,
) -> Inbox:
    """The caller's messages, the newest first, in the language of their preferences, else of Accept-Language."""
    person = person_of(call.principal)
    before = cursor.take(UUID)[0] if cursor else None
    async with call.transaction() as session:
        rows = await inbox(session, person, before=before, unread=unread_only, most=limit + 1)
        count = await unread(session, person)
        chosen = (await preference(session, person)).language
    language: Language = "zh" if chosen == "zh" else "en" if chosen == "en" else call.language
    shown = rows[:limit]
    items = [item for row in shown if (item := _item(row, templates, language)) is not None]
    more = len(rows) > limit
    return Inbox(items=items, next=Cursor((shown[-1]["id"],)).encode() if more else None, unread=count)


@router.post("/v1/inbox/{id}/read", responses=refuses(NotAPerson, MessageNotFound))
async def read_message(id: UUID, call: Annotated[Call, permit("inbox:read")]) -> Read:
    """Mark one as read. Again changes nothing."""
    person = person_of(call.principal)

    async def read(session: AsyncSession) -> Read:
        return Read(id=id, read=await mark_read(session, person, id, call.now))

    return await call.once(read)


def _item(row: RowMapping, templates: Templates, language: Language) -> InboxItem | None:
    """None for a message whose request is not known here yet: it appears a moment later, with its number."""
    template = templates.version(row["template"], row["template_version"])
    facts = all_facts(row)
    if not facts_of(template) <= facts.keys():
        return None
    note = render_note(template, language, facts)
    return InboxItem(
        id=row["id"],
        event=row["event"],
        about=row["about"],
        template=row["template"],
        title=note.title,
        text=note.text,
        created=row["created"],
        read=row["read"],
    )
