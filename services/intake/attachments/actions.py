"""Use cases of attachments. Whatever gives out content or a name records the read in the same transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.attachments import queries
from services.intake.attachments.checking import Content
from services.intake.attachments.rules import (
    AttachmentUnreadable,
    RequestResting,
    TooManyAttachments,
    ended_for,
)
from services.intake.attachments.stores import Missing, Store, new_name
from services.intake.attachments.tables import Attachment
from services.intake.requests.rules import State
from services.intake.requests.tables import RESTING, Request, StoryEntry
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.queries import holders
from services.intake.residents.rules import ResidentErased
from shared.database import among, new_id, rows_changed

ATTACHED, TAKEN_OFF = "attach", "detach"
"""Entries of a request's story."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something to attach: checked, and encrypted with the key of whose it is."""

    id: UUID
    resident: UUID
    object: str
    """Under which it is stored."""
    blob: bytes
    content: Content
    name: bytes | None
    """As its sender calls it, encrypted."""


async def holder_of(session: AsyncSession, keys: Keys, request: Request) -> Holder:
    """The key that is attached under. Raises ResidentErased."""
    found = await holders(session, keys, [request.resident])
    if request.resident not in found:
        raise ResidentErased
    return found[request.resident]


def seal(tenant: str, holder: Holder, content: Content, name: str | None) -> Sealed:
    id = new_id()
    return Sealed(
        id=id,
        resident=holder.resident,
        object=new_name(tenant),
        blob=holder.key.encrypt_bytes(content.bytes, context=f"attachment.content:{id}"),
        content=content,
        name=holder.seal_any("attachment", id, "name", name),
    )


async def attach(
    session: AsyncSession,
    keys: Keys,
    request: Request,
    sealed: Sealed,
    *,
    most: int,
    by: Actor,
    now: datetime,
) -> Attachment:
    """Note what is stored already. Where this fails, the object is an orphan, which a job removes.

    Raises RequestResting, TooManyAttachments, ResidentErased.
    """
    # Two who attach to the same request at once wait for each other, so that the number is right.
    await session.execute(select(func.pg_advisory_xact_lock(_lock_of(request.id))))
    await _check(session, request, most=most, by=by)
    await holder_of(session, keys, request)
    row = await note(session, sealed, request=request.id, by=by, now=now)
    await _tell(session, ATTACHED, sealed.id, request, by=by, now=now)
    return row


async def note(
    session: AsyncSession,
    sealed: Sealed,
    *,
    request: UUID | None = None,
    activity: UUID | None = None,
    by: Actor,
    now: datetime,
) -> Attachment:
    """What lies in the store belongs to one of the two from now on."""
    values = {
        "id": sealed.id,
        "request": request,
        "activity": activity,
        "resident": sealed.resident,
        "object": sealed.object,
        "media_type": sealed.content.media_type.value,
        "size": len(sealed.content.bytes),
        "width": sealed.content.width,
        "height": sealed.content.height,
        "name": sealed.name,
        "added": now,
        "role": by.role,
        "actor": by.subject,
    }
    await session.execute(insert(Attachment).values(**values))
    return Attachment(**values)


async def names_of(
    session: AsyncSession, keys: Keys, rows: Sequence[Attachment], reading: Reading
) -> dict[UUID, str | None]:
    """What the senders called them, for those that can still be read."""
    opened = await holders(session, keys, {row.resident for row in rows})
    found = {
        row.id: opened[row.resident].open_any("attachment", row.id, "name", row.name)
        for row in rows
        if row.resident in opened
    }
    if any(name is not None for name in found.values()):
        residents = {row.resident for row in rows if found.get(row.id) is not None}
        await record_reads(session, residents, ["request.attachment_name"], reading, request=rows[0].request)
    return found


async def note_read(session: AsyncSession, row: Attachment, reading: Reading) -> None:
    await record_reads(session, [row.resident], ["request.attachment"], reading, request=row.request)


async def key_of(session: AsyncSession, keys: Keys, row: Attachment) -> Holder:
    """What opens it. Raises AttachmentUnreadable."""
    opened = await holders(session, keys, [row.resident])
    if row.resident not in opened:
        raise AttachmentUnreadable
    return opened[row.resident]


async def content_of(store: Store, holder: Holder, row: Attachment) -> bytes:
    """The content, after the transaction: a slow store keeps nobody from the database.

    Raises AttachmentUnreadable, AttachmentsUnavailable.
    """
    try:
        sealed = await store.get(row.object)
    except Missing:
        raise AttachmentUnreadable from None
    return holder.key.decrypt_bytes(sealed, context=f"attachment.content:{row.id}")


async def take_off(session: AsyncSession, row: Attachment, *, by: Actor, now: datetime) -> None:
    """It is not shown from now on; a job removes what lies in the store. `row` is locked."""
    await session.execute(update(Attachment).where(Attachment.id == row.id).values(removed=now))
    request = await session.scalar(select(Request).where(Request.id == row.request))
    if request is not None:
        await _tell(session, TAKEN_OFF, row.id, request, by=by, now=now)


async def mark_removed(session: AsyncSession, residents: Iterable[UUID], *, now: datetime) -> int:
    """All that these residents have; how many were there still."""
    return await rows_changed(
        session,
        update(Attachment)
        .where(among(Attachment.resident, residents), Attachment.removed.is_(None))
        .values(removed=now, name=None)
        .execution_options(synchronize_session=False),
    )


async def mark_gone(session: AsyncSession, attachments: Sequence[UUID], *, now: datetime) -> None:
    """Their objects are out of the store."""
    await session.execute(
        update(Attachment).where(Attachment.id.in_(attachments)).values(gone=now, name=None)
    )


async def _check(session: AsyncSession, request: Request, *, most: int, by: Actor) -> None:
    if ended_for(by.role, resting=State(request.state) in RESTING):
        raise RequestResting
    if await queries.number_of(session, request.id) >= most:
        raise TooManyAttachments(most=most)


async def _tell(
    session: AsyncSession, entry: str, attachment: UUID, request: Request, *, by: Actor, now: datetime
) -> None:
    await session.execute(
        insert(StoryEntry).values(
            request=request.id,
            at=now,
            entry=entry,
            from_state=request.state,
            to_state=request.state,
            role=by.role,
            actor=by.subject,
            details={"attachment": str(attachment)},
        )
    )


def _lock_of(request: UUID) -> int:
    return int.from_bytes(request.bytes[-8:], signed=True)
