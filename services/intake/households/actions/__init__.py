"""Use cases of households. What its members are to each other follows from `rules`; here it is locked and written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.households import queries, rules
from services.intake.households.rules import AlreadyInHousehold, NumberTaken
from services.intake.households.tables import Household, HouseholdMember, HouseholdNumber
from services.intake.places.queries import Place
from services.intake.residents import queries as residents
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import ResidentErased
from shared.database import new_id

_NOUN = "household"


async def found(
    session: AsyncSession,
    keys: Keys,
    head: UUID,
    *,
    number: str | None,
    address: str | None,
    place: Place,
    now: datetime,
) -> UUID:
    """A new household. Raises ResidentNotFound, ResidentErased, AlreadyInHousehold, NumberTaken."""
    await _free(session, head)
    household = new_id()
    sealed = None
    if address is not None:
        sealed = (await _holder(session, keys, head)).seal(_NOUN, household, "address", address)
    await session.execute(
        insert(Household).values(
            id=household,
            address=sealed,
            address_of=None if sealed is None else head,
            grid=place.grid,
            place=place.place,
            version=1,
            created=now,
        )
    )
    if number is not None:
        await _number(session, keys, household, number)
    await _write(session, household, {}, rules.founded(head), now)
    return household


async def join(
    session: AsyncSession, household: Household, resident: UUID, relation: str, now: datetime
) -> int:
    """The new version. `household` is locked. Raises ResidentNotFound, ResidentErased, AlreadyInHousehold, HeadStays."""
    before = await queries.members(session, household.id)
    after = rules.joined(before, resident, relation)
    if resident not in before:
        await _free(session, resident)
    return await _change(session, household, before, after, now)


async def leave(
    session: AsyncSession, keys: Keys, household: Household, resident: UUID, now: datetime
) -> int:
    """The new version. `household` is locked. Raises NotAMember."""
    before = await queries.members(session, household.id)
    after = rules.left(before, resident)
    if household.address_of == resident:
        await reseal(session, keys, household, list(after))
    return await _change(session, household, before, after, now)


async def name_head(session: AsyncSession, household: Household, resident: UUID, now: datetime) -> int:
    """The new version. `household` is locked. Raises NotAMember."""
    before = await queries.members(session, household.id)
    return await _change(session, household, before, rules.headed(before, resident), now)


async def move_to(session: AsyncSession, keys: Keys, household: Household, address: str, place: Place) -> int:
    """Another address, encrypted with the key of the household's head. `household` is locked."""
    members = await queries.members(session, household.id)
    head = next(resident for resident, relation in members.items() if relation == rules.HEAD)
    holder = await _holder(session, keys, head)
    household.address = holder.seal(_NOUN, household.id, "address", address)
    household.address_of, household.grid, household.place = head, place.grid, place.place
    household.version += 1
    await session.flush()
    return household.version


async def address_of(session: AsyncSession, keys: Keys, household: Household) -> str | None:
    """For whoever records the read. None without one, and where its keeper's key is gone."""
    if household.address is None or household.address_of is None:
        return None
    holders = await residents.holders(session, keys, [household.address_of])
    holder = holders.get(household.address_of)
    return None if holder is None else holder.open(_NOUN, household.id, "address", household.address)


async def _change(
    session: AsyncSession,
    household: Household,
    before: Mapping[UUID, str],
    after: Mapping[UUID, str],
    now: datetime,
) -> int:
    await _write(session, household.id, before, after, now)
    household.version += 1
    if not after:
        household.ended = now
        household.address = household.address_of = None
        await session.execute(delete(HouseholdNumber).where(HouseholdNumber.household == household.id))
    await session.flush()
    return household.version


async def _write(
    session: AsyncSession,
    household: UUID,
    before: Mapping[UUID, str],
    after: Mapping[UUID, str],
    now: datetime,
) -> None:
    """End the times of those who left or whose relation changed, and begin the new ones; in this order, since there is
    one head at each moment."""
    over = [resident for resident, relation in before.items() if after.get(resident) != relation]
    if over:
        await session.execute(
            update(HouseholdMember)
            .where(
                HouseholdMember.household == household,
                HouseholdMember.resident.in_(over),
                HouseholdMember.ended.is_(None),
            )
            .values(ended=now)
        )
    begun = [
        {
            "id": new_id(),
            "household": household,
            "resident": resident,
            "relation": relation,
            "joined": now,
        }
        for resident, relation in after.items()
        if before.get(resident) != relation
    ]
    if begun:
        await session.execute(insert(HouseholdMember), begun)


async def _free(session: AsyncSession, resident: UUID) -> None:
    """Lock a resident who is about to join. Raises ResidentNotFound, ResidentErased, AlreadyInHousehold."""
    await residents.one(session, resident, for_update=True)
    household = await queries.household_of(session, resident)
    if household is not None:
        raise AlreadyInHousehold(household=household)


async def _number(session: AsyncSession, keys: Keys, household: UUID, number: str) -> None:
    """Raises NumberTaken."""
    index = queries.number_index(keys, number)
    lock = int.from_bytes(index[:8], "big", signed=True)
    await session.execute(select(func.pg_advisory_xact_lock(lock)))
    taken = await queries.by_number(session, keys, number)
    if taken is not None:
        raise NumberTaken(field="number", household=taken)
    await session.execute(insert(HouseholdNumber).values(household=household, value=index))


async def reseal(session: AsyncSession, keys: Keys, household: Household, others: Sequence[UUID]) -> None:
    """Give the address to another member's key, while the present one still opens it."""
    address = await address_of(session, keys, household)
    holders = await residents.holders(session, keys, others)
    keeper = next((resident for resident in others if resident in holders), None)
    if address is None or keeper is None:
        household.address = household.address_of = None
    else:
        household.address = holders[keeper].seal(_NOUN, household.id, "address", address)
        household.address_of = keeper


async def _holder(session: AsyncSession, keys: Keys, resident: UUID) -> Holder:
    found = await residents.holders(session, keys, [resident])
    if resident not in found:
        raise ResidentErased
    return found[resident]


def belonging(keys: Keys) -> Belonging:
    async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
        items: list[Item] = []
        for row in await queries.history(session, person.residents):
            household = await queries.one(session, row.household)
            items.append(
                {
                    "household": row.household,
                    "relation": row.relation,
                    "from": row.joined,
                    "until": row.ended,
                    "address": None if row.ended else await address_of(session, keys, household),
                    "grid": household.grid,
                }
            )
        return items

    async def erase(session: AsyncSession, person: Person, now: datetime) -> int:
        """They leave, so that the others have a head and an address that can still be read."""
        gone = 0
        for resident in person.residents:
            household = await queries.household_of(session, resident)
            if household is not None:
                await leave(session, keys, await queries.lock(session, household), resident, now)
                gone += 1
        # An address may be kept by someone who has left since.
        for row in await queries.sealed_with(session, person.residents):
            await reseal(session, keys, row, list(await queries.members(session, row.id)))
        await session.flush()
        return gone

    return Belonging("households", "家庭成员关系", "Households", export=export, erase=erase)
