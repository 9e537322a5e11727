"""Use cases of attachments. Whatever gives out content or a name records the read in the same transaction."""

from collections.abc import Sequence
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
from shared.database import new_id, scope_of

ATTACHED, TAKEN_OFF = "attach", "detach"
"""Entries of a request's story."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Something to attach, checked."""

    content: Content
    name: str | None
    """As the sender calls it."""


async def attach(
    session: AsyncSession,
    store: Store,
    keys: Keys,
    request: Request,
    sent: Sent,
    *,
    most: int,
    by: Actor,
    now: datetime,
) -> Attachment:
    """Encrypt, store, and note it. An object whose transaction fails is an orphan, which a job removes.

    Raises RequestResting, TooManyAttachments, ResidentErased, AttachmentsOff, AttachmentsUnavailable.
    """
    # Two who attach to the same request at once wait for each other, so that the number is right.
    await session.execute(select(func.pg_advisory_xact_lock(_lock_of(request.id))))
    if ended_for(by.role, resting=State(request.state) in RESTING):
        raise RequestResting
    if await queries.number_of(session, request.id) >= most:
        raise TooManyAttachments(most=most)
    holder = await _holder(session, keys, request.resident)
    id, name = new_id(), new_name(scope_of(session))
    content = sent.content
    sealed = holder.key.encrypt_bytes(content.bytes, context=f"attachment.content:{id}")
    await store.put(name, sealed)
    values = {
        "id": id,
        "request": request.id,
        "resident": request.resident,
        "object": name,
        "media_type": content.media_type.value,
        "size": len(content.bytes),
        "width": content.width,
        "height": content.height,
        "name": holder.seal_any("attachment", id, "name", sent.name),
        "added": now,
        "role": by.role,
        "actor": by.subject,
    }
    await session.execute(insert(Attachment).values(**values))
    await _tell(session, ATTACHED, id, request, by=by, now=now)
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


async def content_of(session: AsyncSession, store: Store, keys: Keys, row: Attachment) -> bytes:
    """The content; whoever asks notes the read. Raises AttachmentUnreadable, AttachmentsUnavailable."""
    opened = await holders(session, keys, [row.resident])
    if row.resident not in opened:
        raise AttachmentUnreadable
    try:
        sealed = await store.get(row.object)
    except Missing:
        raise AttachmentUnreadable from None
    return opened[row.resident].key.decrypt_bytes(sealed, context=f"attachment.content:{row.id}")


async def take_off(session: AsyncSession, row: Attachment, *, by: Actor, now: datetime) -> None:
    """It is not shown from now on; a job removes what lies in the store. `row` is locked."""
    await session.execute(update(Attachment).where(Attachment.id == row.id).values(removed=now))
    request = await session.scalar(select(Request).where(Request.id == row.request))
    if request is not None:
        await _tell(session, TAKEN_OFF, row.id, request, by=by, now=now)


async def mark_removed(session: AsyncSession, attachments: Sequence[UUID], *, now: datetime) -> None:
    await session.execute(
        update(Attachment)
        .where(Attachment.id.in_(attachments), Attachment.removed.is_(None))
        .values(removed=now, name=None)
    )


async def mark_gone(session: AsyncSession, attachments: Sequence[UUID], *, now: datetime) -> None:
    """Their objects are out of the store."""
    await session.execute(
        update(Attachment).where(Attachment.id.in_(attachments)).values(gone=now, name=None)
    )


async def _holder(session: AsyncSession, keys: Keys, resident: UUID) -> Holder:
    found = await holders(session, keys, [resident])
    if resident not in found:
        raise ResidentErased
    return found[resident]


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
