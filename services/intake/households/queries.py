"""Every read of households."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.households.rules import HouseholdEnded, HouseholdNotFound
from services.intake.households.tables import Household, HouseholdMember, HouseholdNumber
from services.intake.residents.keys import Keys

NUMBER = "household.number"
"""Purpose of the blind index of numbers of the household register."""


async def one(session: AsyncSession, household: UUID) -> Household:
    """Raises HouseholdNotFound."""
    row = await session.get(Household, household, populate_existing=True)
    if row is None:
        raise HouseholdNotFound
    return row


async def lock(session: AsyncSession, household: UUID) -> Household:
    """For a change of it or of its members. Raises HouseholdNotFound, HouseholdEnded."""
    row = await session.scalar(
        select(Household)
        .where(Household.id == household)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise HouseholdNotFound
    if row.ended is not None:
        raise HouseholdEnded
    return row


async def members(session: AsyncSession, household: UUID) -> dict[UUID, str]:
    """Relation to the head by resident, in the order in which they joined."""
    rows = await session.execute(
        select(HouseholdMember.resident, HouseholdMember.relation)
        .where(HouseholdMember.household == household, HouseholdMember.ended.is_(None))
        .order_by(HouseholdMember.joined, HouseholdMember.id)
    )
    return {row.resident: row.relation for row in rows}


async def household_of(session: AsyncSession, resident: UUID) -> UUID | None:
    """The household that the resident is a member of now."""
    found: UUID | None = await session.scalar(
        select(HouseholdMember.household).where(
            HouseholdMember.resident == resident, HouseholdMember.ended.is_(None)
        )
    )
    return found


async def households_of(session: AsyncSession, residents: Iterable[UUID]) -> Mapping[UUID, tuple[UUID, str]]:
    """Household and relation of those who are in one."""
    rows = await session.execute(
        select(HouseholdMember.resident, HouseholdMember.household, HouseholdMember.relation).where(
            HouseholdMember.resident.in_(list(residents)), HouseholdMember.ended.is_(None)
        )
    )
    return {row.resident: (row.household, row.relation) for row in rows}


async def history(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[HouseholdMember]:
    statement = select(HouseholdMember).where(HouseholdMember.resident.in_(residents))
    return (await session.scalars(statement.order_by(HouseholdMember.joined, HouseholdMember.id))).all()


async def listing(
    session: AsyncSession, *, grid: UUID | None, after: UUID | None, limit: int
) -> Sequence[Household]:
    """Those that stand, in the order of their ids."""
    statement = select(Household).where(Household.ended.is_(None))
    if grid is not None:
        statement = statement.where(Household.grid == grid)
    if after is not None:
        statement = statement.where(Household.id > after)
    return (await session.scalars(statement.order_by(Household.id).limit(limit))).all()


async def by_number(session: AsyncSession, keys: Keys, number: str) -> UUID | None:
    found: UUID | None = await session.scalar(
        select(HouseholdNumber.household).where(HouseholdNumber.value == number_index(keys, number))
    )
    return found


async def by_numbers(session: AsyncSession, keys: Keys, numbers: Iterable[str]) -> Mapping[str, UUID]:
    """Households by their number, of those that are known."""
    indexes = {number_index(keys, number): number for number in numbers}
    rows = await session.execute(
        select(HouseholdNumber.value, HouseholdNumber.household).where(HouseholdNumber.value.in_(indexes))
    )
    return {indexes[row.value]: row.household for row in rows}


def number_index(keys: Keys, number: str) -> bytes:
    return keys.keyring.blind_index(number.strip().upper(), purpose=NUMBER)


async def sealed_with(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[Household]:
    """Households whose address is encrypted with a key of these residents, locked."""
    statement = select(Household).where(Household.address_of.in_(residents), Household.ended.is_(None))
    return (await session.scalars(statement.order_by(Household.id).with_for_update())).all()
