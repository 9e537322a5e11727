"""Every read of guardianships, and for whom a resident may act."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, any_, func, or_, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.intake.guardians.rules import GuardianshipNotFound
from services.intake.guardians.tables import Guardianship
from services.intake.residents.queries import of_same_person, records_of
from services.intake.residents.tables import Resident


async def one(session: AsyncSession, id: UUID) -> Guardianship:
    """Locked. Raises GuardianshipNotFound."""
    row = await session.scalar(select(Guardianship).where(Guardianship.id == id).with_for_update())
    if row is None:
        raise GuardianshipNotFound
    return row


async def standing(session: AsyncSession, guardian: UUID, ward: UUID) -> bool:
    statement = select(Guardianship.id).where(
        Guardianship.guardian == guardian, Guardianship.ward == ward, Guardianship.ended.is_(None)
    )
    return await session.scalar(statement) is not None


async def acts_for(session: AsyncSession, own: UUID, resident: UUID) -> bool:
    """Whether someone may see and do what is this resident's: it is themselves, or they are the guardian."""
    if own == resident:
        return True
    statement = select(Resident.id).where(Resident.id == resident, within_reach(Resident.id, own))
    return await session.scalar(statement) is not None


def within_reach(column: SQLColumnExpression[UUID], own: UUID) -> ColumnElement[bool]:
    """Whether the column names one of the resident's own records, or a minor whose guardian they are."""
    mine, standing = records_of(own).subquery(), aliased(Guardianship)
    wards = select(standing.ward).where(standing.guardian.in_(select(mine)), standing.ended.is_(None))
    return column == any_(func.array(union(select(mine), wards).scalar_subquery()))


async def of(session: AsyncSession, resident: UUID) -> Sequence[Guardianship]:
    """Those in which the resident is guardian or minor, ended ones too, the latest first."""
    statement = select(Guardianship).where(
        or_(of_same_person(Guardianship.guardian, resident), of_same_person(Guardianship.ward, resident))
    )
    return (await session.scalars(statement.order_by(Guardianship.since.desc(), Guardianship.id))).all()


async def standing_after(session: AsyncSession, after: UUID | None, *, count: int) -> Sequence[Guardianship]:
    """All that stand, in pieces, in the order of their ids."""
    statement = select(Guardianship).where(Guardianship.ended.is_(None))
    if after is not None:
        statement = statement.where(Guardianship.id > after)
    return (await session.scalars(statement.order_by(Guardianship.id).limit(count))).all()
