"""Attaching, listing, reading by permission or by a short-lived link, and taking off."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Header, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.intake.access import actor_of, own_resident
from services.intake.attachments import actions, links, queries
from services.intake.attachments.checking import Checks
from services.intake.attachments.rules import (
    AttachmentNotFound,
    LinkInvalid,
    RequestResting,
    TooManyAttachments,
)
from services.intake.attachments.stores import Store
from services.intake.attachments.tables import Attachment
from services.intake.attachments.uploading import (
    BODY,
    READS,
    REFUSED,
    UNREADABLE,
    StoredFile,
    facts_of,
    given_out,
    sent_content,
    stored,
)
from services.intake.desk import Desk
from services.intake.requests import queries as requests
from services.intake.requests.queries import RequestNotFound
from services.intake.residents.actions import Reading
from services.intake.wire import Purpose, UnknownCode, purpose_of
from shared.security import permit, public_route
from shared.web import Call, Model, Visitor, provided, refuses

router = APIRouter(tags=["attachments"])
AnyDesk = Annotated[Desk, provided(Desk)]
AnyStore = Annotated[Store, provided(Store)]
_NAME = 100


class AttachmentLine(StoredFile):
    id: UUID
    request: UUID


class NamedAttachment(AttachmentLine):
    name: str | None
    """As its sender called it; absent where the resident was erased."""


class Attachments(Model):
    attachments: list[NamedAttachment]


class AttachmentLink(Model):
    path: str
    """Below this service's address. Whoever has it reads the attachment, until then."""
    until: datetime


def _line(row: Attachment) -> dict[str, object]:
    return {
        "id": row.id,
        "request": row.request,
        **facts_of(row),
    }


@router.post(
    "/v1/requests/{id}/attachments",
    status_code=201,
    openapi_extra=dict(BODY),
    responses=refuses(RequestNotFound, RequestResting, TooManyAttachments, *REFUSED),
)
async def attach_to_request(
    *,
    id: UUID,
    request: Request,
    call: Annotated[Call, permit("attachments:add")],
    desk: AnyDesk,
    store: AnyStore,
    checks: Annotated[Checks, provided(Checks)],
    name: Annotated[
        str | None, Header(alias="X-File-Name", max_length=900, description="Percent-encoded (RFC 3986)")
    ] = None,
) -> AttachmentLine:
    """Attach one photo or document: the body is its content. An image is drawn anew, without where and when it was made."""
    own, by, terms = (
        own_resident(call.principal),
        actor_of(call.principal),
        desk.policies.of(call.tenant).attachments,
    )
    sent = await sent_content(request, call, terms)
    async with call.transaction() as session:
        # Whose it is not is told before a picture is drawn.
        row = await requests.one(session, id, resident=own)
        holder = await actions.holder_of(session, desk.keys, row)
    sealed = actions.seal(call.tenant, holder, await checks.content(sent), _file_name(name))

    async def attach(session: AsyncSession) -> AttachmentLine:
        request = await requests.one(session, id, resident=own)
        most = terms.number
        attached = await actions.attach(session, desk.keys, request, sealed, most=most, by=by, now=call.now)
        return AttachmentLine.model_validate(_line(attached))

    return await stored(store, sealed, call, attach)


@router.get("/v1/requests/{id}/attachments", responses=refuses(RequestNotFound, UnknownCode))
async def list_attachments(
    id: UUID, call: Annotated[Call, permit("attachments:read")], desk: AnyDesk, purpose: Purpose = None
) -> Attachments:
    """What is attached to a request, oldest first. Names are the senders' words: that they are read is recorded."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        await requests.one(session, id, resident=own)
        rows = await queries.of_request(session, id)
        names = await actions.names_of(session, desk.keys, rows, _reading(call, purpose, own))
    return Attachments(
        attachments=[
            NamedAttachment.model_validate({**_line(row), "name": names.get(row.id)}) for row in rows
        ]
    )


@router.get(
    "/v1/attachments/{id}",
    response_class=Response,
    responses={**READS, **refuses(AttachmentNotFound, UnknownCode, *UNREADABLE)},
)
async def read_attachment(
    *,
    id: UUID,
    call: Annotated[Call, permit("attachments:read")],
    desk: AnyDesk,
    store: AnyStore,
    purpose: Purpose = None,
) -> Response:
    """The content. The read is recorded, and the resident sees it."""
    own = own_resident(call.principal)
    reading = _reading(call, purpose, own)
    async with call.transaction() as session:
        row = await queries.one(session, id, resident=own)
        holder = await actions.key_of(session, desk.keys, row)
        await actions.note_read(session, row, reading)
    return given_out(row, await actions.content_of(store, holder, row))


@router.post(
    "/v1/attachments/{id}/links", status_code=201, responses=refuses(AttachmentNotFound, UnknownCode)
)
async def link_attachment(
    id: UUID, call: Annotated[Call, permit("attachments:read")], desk: AnyDesk, purpose: Purpose = None
) -> AttachmentLink:
    """A link that reads the attachment for five minutes without a token: for an `<img>` of a page. Making it counts as
    the read. Without Idempotency-Key: an old link would be of no use."""
    own = own_resident(call.principal)
    reading = _reading(call, purpose, own)
    async with call.transaction() as session:
        row = await queries.one(session, id, resident=own)
        await actions.note_read(session, row, reading)
    word, until = links.make(desk.keys.keyring, links.Link(call.tenant, id), now=call.now)
    return AttachmentLink(path=f"/v1/attachment-links/{word}", until=until)


@router.get(
    "/v1/attachment-links/{word}",
    response_class=Response,
    responses={**READS, **refuses(LinkInvalid, AttachmentNotFound, *UNREADABLE)},
)
async def read_by_link(
    word: str, visitor: Annotated[Visitor, public_route()], desk: AnyDesk, store: AnyStore
) -> Response:
    """The content, for whoever has a link that is still good."""
    link = links.read(desk.keys.keyring, word, now=visitor.now)
    async with desk.database.transaction(link.tenant) as session:
        row = await queries.one(session, link.attachment)
        holder = await actions.key_of(session, desk.keys, row)
    return given_out(row, await actions.content_of(store, holder, row))


@router.delete("/v1/attachments/{id}", status_code=204, responses=refuses(AttachmentNotFound))
async def take_off_attachment(id: UUID, call: Annotated[Call, permit("attachments:remove")]) -> None:
    """Take it off: nobody is shown it from now on, and its content is removed within the hour."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        row = await queries.one(session, id, resident=own, for_update=True)
        await actions.take_off(session, row, by=actor_of(call.principal), now=call.now)


def _reading(call: Call, purpose: str | None, own: UUID | None) -> Reading:
    stated = purpose_of(purpose, "own_access" if own else "handle_request")
    return Reading(actor_of(call.principal), stated, call.now)


def _file_name(given: str | None) -> str | None:
    """The last step of a path, one line of at most 100 characters; None where nothing is left."""
    if given is None:
        return None
    name = unicodedata.normalize("NFC", unquote(given, errors="replace"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(character for character in name if character.isprintable()).strip(" .")
    return name[-_NAME:] or None
