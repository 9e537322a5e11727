"""Every read of consents."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.intake.consents.rules import TextNotFound
from services.intake.consents.tables import Consent, ConsentText
from services.intake.residents.tables import Resident
from shared.database import among


async def text(session: AsyncSession, id: UUID) -> ConsentText:
    """Raises TextNotFound."""
    row = await session.get(ConsentText, id)
    if row is None:
        raise TextNotFound
    return row


async def in_force(session: AsyncSession, now: datetime, purpose: str | None = None) -> Sequence[ConsentText]:
    """The text that is asked at this moment, for each purpose that has one."""
    statement = (
        select(ConsentText)
        .where(ConsentText.in_force <= now)
        .ext(distinct_on(ConsentText.purpose))
        .order_by(ConsentText.purpose, ConsentText.version.desc())
    )
    if purpose is not None:
        statement = statement.where(ConsentText.purpose == purpose)
    return (await session.scalars(statement)).all()


async def texts(session: AsyncSession) -> Sequence[ConsentText]:
    statement = select(ConsentText).order_by(ConsentText.purpose, ConsentText.version.desc())
    return (await session.scalars(statement)).all()


async def latest_version(session: AsyncSession, purpose: str) -> ConsentText | None:
    statement = select(ConsentText).where(ConsentText.purpose == purpose)
    row: ConsentText | None = await session.scalar(statement.order_by(ConsentText.version.desc()).limit(1))
    return row


async def history(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[tuple[Consent, ConsentText]]:
    """All that was declared, the latest first, each with its text."""
    rows = await session.execute(
        select(Consent, ConsentText)
        .join(ConsentText, ConsentText.id == Consent.text)
        .where(Consent.resident.in_(residents))
        .order_by(Consent.at.desc(), Consent.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


async def latest(session: AsyncSession, resident: UUID, purpose: str) -> Consent | None:
    statement = select(Consent).where(Consent.resident == resident, Consent.purpose == purpose)
    row: Consent | None = await session.scalar(statement.order_by(Consent.id.desc()).limit(1))
    return row


async def standing(
    session: AsyncSession, residents: Iterable[UUID], purposes: Iterable[str]
) -> Mapping[UUID, frozenset[str]]:
    """For which of these purposes each resident's latest word is a yes, on whichever of their records it was said."""
    kept = func.coalesce(Resident.merged_into, Resident.id).label("record")
    asked = select(Resident.id, kept).where(among(Resident.id, residents)).subquery()
    other = aliased(Resident)
    merged = select(asked.c.id, other.id).join(other, other.merged_into == asked.c.record)
    records = union_all(select(asked.c.id, asked.c.record), merged).subquery()
    rows = await session.execute(
        select(records.c.id, Consent.purpose, Consent.given)
        .join(Consent, Consent.resident == records.c.record)
        .where(Consent.purpose.in_(list(purposes)))
        .ext(distinct_on(records.c.id, Consent.purpose))
        .order_by(records.c.id, Consent.purpose, Consent.at.desc(), Consent.id.desc())
    )
    found: dict[UUID, set[str]] = {}
    for resident, purpose, given in rows:
        if given:
            found.setdefault(resident, set()).add(purpose)
    return {resident: frozenset(purposes) for resident, purposes in found.items()}
