"""What every route that takes a file has in common: how the body comes, how it is refused, stored and noted."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.intake.attachments.actions import Sealed
from services.intake.attachments.rules import (
    MEGABYTE,
    MOST_MEGABYTES,
    ActiveDocument,
    AttachmentsOff,
    AttachmentsUnavailable,
    AttachmentTerms,
    AttachmentUnreadable,
    DamagedImage,
    HugeImage,
    MediaType,
    TooLargeAttachment,
    WrongContent,
)
from services.intake.attachments.stores import Store
from services.intake.attachments.tables import Attachment
from services.intake.residents.rules import ResidentErased
from shared.refusals import Refusal
from shared.web import Call, Model
from shared.web.body import WideBody, wide_body
from shared.web.idempotency import AnswerReplayed
from shared.web.refusals import BodyTooLarge, BodyTooSlow

_SECONDS = 120.0  # 25 MB at 2 Mbit/s, a poor mobile connection, take 100
Answer = TypeVar("Answer", bound=Model)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY: Mapping[str, Any] = wide_body(
    WideBody(bytes=MOST_MEGABYTES * MEGABYTE, seconds=_SECONDS),
    requestBody={"required": True, "content": {media.value: _BINARY for media in MediaType}},
)
"""`openapi_extra` of a route that takes a file."""
READS: Mapping[int | str, dict[str, Any]] = {
    200: {"description": "The content", "content": {media.value: _BINARY for media in MediaType}}
}
"""Responses of a route that gives one out,"""
UNREADABLE: tuple[type[Refusal], ...] = (AttachmentUnreadable, AttachmentsOff, AttachmentsUnavailable)
"""and its refusals."""
REFUSED: tuple[type[Refusal], ...] = (
    TooLargeAttachment,
    WrongContent,
    DamagedImage,
    HugeImage,
    ActiveDocument,
    ResidentErased,
    AttachmentsOff,
    AttachmentsUnavailable,
    BodyTooLarge,
    BodyTooSlow,
)
"""Refusals of a route that takes a file."""


class StoredFile(Model):
    """What everybody who may read a file is told of it before."""

    media_type: MediaType
    """By its content."""
    size: int
    """Bytes, as it is read."""
    width: int | None
    height: int | None
    added: datetime
    by: str
    """The role of whoever added it."""


def facts_of(row: Attachment) -> Mapping[str, object]:
    """The fields of `StoredFile`."""
    return {
        "media_type": MediaType(row.media_type),
        "size": row.size,
        "width": row.width,
        "height": row.height,
        "added": row.added,
        "by": row.role,
    }


async def sent_content(request: Request, call: Call, terms: AttachmentTerms) -> bytes:
    """The body; a call that was answered before is answered again at once. Raises TooLargeAttachment."""
    sent = await request.body()
    if len(sent) > terms.bytes:
        raise TooLargeAttachment(limit=terms.bytes)
    await call.recall()
    return sent


async def stored(
    store: Store, sealed: Sealed, call: Call, note: Callable[[AsyncSession], Awaitable[Answer]]
) -> Answer:
    """Put the object into the store, then note it; between two transactions, since a slow store keeps nobody from the
    database.
    """
    await store.put(sealed.object, sealed.blob)
    try:
        return await call.once(note)
    except (Refusal, AnswerReplayed):
        # Nothing was noted. After any other error it may have been, and the job that looks for orphans finds out.
        await store.remove(sealed.object)
        raise


def given_out(row: Attachment, content: bytes) -> Response:
    """Images may be shown, documents are only downloads; under a name of ours, since theirs is somebody's words."""
    media_type = MediaType(row.media_type)
    shown = "attachment" if media_type is MediaType.PDF else "inline"
    name = quote(f"{row.id.hex[-8:]}.{media_type.extension}")
    headers = {"Content-Disposition": f'{shown}; filename="{name}"'}
    return Response(content, media_type=media_type.value, headers=headers)
