"""Every read of attachments. Their content and names are read through `actions`, which records it."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.attachments.rules import AttachmentNotFound
from services.intake.attachments.tables import TO_REMOVE, Attachment
from services.intake.requests import queries as requests
from services.intake.requests.queries import RequestNotFound
from services.intake.residents.tables import Resident
from shared.database import among


async def of_request(session: AsyncSession, request: UUID) -> Sequence[Attachment]:
    """Those that are shown, in the order in which they were added."""
    statement = select(Attachment).where(Attachment.request == request, Attachment.removed.is_(None))
    return (await session.scalars(statement.order_by(Attachment.id))).all()


async def of_residents(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[Attachment]:
    statement = select(Attachment).where(Attachment.resident.in_(residents), Attachment.removed.is_(None))
    return (await session.scalars(statement.order_by(Attachment.id))).all()


async def number_of(session: AsyncSession, request: UUID) -> int:
    statement = select(func.count()).where(Attachment.request == request, Attachment.removed.is_(None))
    return await session.scalar(statement) or 0


async def one(
    session: AsyncSession, attachment: UUID, *, resident: UUID | None = None, for_update: bool = False
) -> Attachment:
    """Of a request; `resident` narrows to that resident's own. Raises AttachmentNotFound."""
    statement = select(Attachment).where(Attachment.id == attachment, Attachment.removed.is_(None))
    row: Attachment | None = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None or row.request is None:
        raise AttachmentNotFound
    if resident is not None:
        try:
            await requests.one(session, row.request, resident=resident)
        except RequestNotFound:
            raise AttachmentNotFound from None
    return row


async def of_erased(session: AsyncSession, *, limit: int) -> Sequence[Attachment]:
    """Whose key is gone, and which nobody has marked as removed yet; locked."""
    erased = select(Resident.id).where(Resident.id == Attachment.resident, Resident.erased.is_not(None))
    statement = select(Attachment).where(Attachment.removed.is_(None), erased.exists())
    return (await session.scalars(statement.limit(limit).with_for_update(skip_locked=True))).all()


async def to_remove(session: AsyncSession, *, limit: int) -> Sequence[Attachment]:
    """Those of which the object is to go; locked, others' locks are passed over."""
    statement = select(Attachment).where(text(TO_REMOVE)).order_by(Attachment.id).limit(limit)
    return (await session.scalars(statement.with_for_update(skip_locked=True))).all()


async def known_objects(session: AsyncSession, names: Sequence[str]) -> AbstractSet[str]:
    """Those of these names that some attachment has and has not given up."""
    statement = select(Attachment.object).where(
        among(Attachment.object, names), or_(Attachment.removed.is_(None), Attachment.gone.is_(None))
    )
    return set(await session.scalars(statement))
