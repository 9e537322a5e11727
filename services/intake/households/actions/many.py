"""Households of a register: many at once, in a fixed number of statements. `rules` say what each comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.households import queries, rules
from services.intake.households.actions import reseal
from services.intake.households.tables import Household, HouseholdMember, HouseholdNumber
from services.intake.places.queries import Place
from services.intake.residents import queries as residents
from services.intake.residents.keys import Keys
from shared.database import new_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody who is to be in a household, as the register has it."""

    resident: UUID
    relation: str
    address: str | None


@dataclass(slots=True)
class _Standing:
    """A household before and after."""

    id: UUID
    before: dict[UUID, str]
    after: dict[UUID, str]
    new: bool = False
    row: Household | None = None
    number: str | None = None
    address: tuple[UUID, str] | None = field(default=None)
    place: Place | None = None


async def bring_in(
    session: AsyncSession,
    keys: Keys,
    asked: Mapping[str, Sequence[Wanted]],
    places: Mapping[str, Place],
    *,
    now: datetime,
) -> None:
    """By number in the register, who is to be in which household. Who was in another one leaves it."""
    known = await queries.by_numbers(session, keys, asked)
    everyone = [one.resident for wanted in asked.values() for one in wanted]
    housed = await queries.households_of(session, everyone)
    touched = sorted({*known.values(), *(household for household, _ in housed.values())})
    standings = await _locked(session, touched)
    for number, wanted in asked.items():
        home = standings.get(known[number]) if number in known else None
        if home is None:
            home = _Standing(new_id(), {}, {}, new=True, number=number, place=places[number])
            standings[home.id] = home
        for one in wanted:
            old = housed.get(one.resident)
            if old is not None and old[0] != home.id and one.resident in standings[old[0]].after:
                standings[old[0]].after = rules.left(standings[old[0]].after, one.resident)
        home.after = arranged(home.after, wanted)
        if home.new:
            home.address = next(
                ((one.resident, one.address) for one in wanted if one.address is not None), None
            )
    await _write(session, keys, list(standings.values()), now)


def arranged(members: Mapping[UUID, str], wanted: Sequence[Wanted]) -> dict[UUID, str]:
    """With these people in it, each in the relation that the register says.

    A household that is new begins with the register's head; where its rows name none, with the first of them.
    """
    after = dict(members)
    heads = [one.resident for one in wanted if one.relation == rules.HEAD]
    if not after:
        after = rules.founded(heads[0] if heads else wanted[0].resident)
    for one in wanted:
        if one.resident not in after:
            relation = rules.OTHER if one.relation == rules.HEAD else one.relation
            after = rules.joined(after, one.resident, relation)
    if heads:
        after = rules.headed(after, heads[-1])
    for one in wanted:
        if one.relation != rules.HEAD and after[one.resident] not in {rules.HEAD, one.relation}:
            after = rules.joined(after, one.resident, one.relation)
    return after


async def _locked(session: AsyncSession, households: Sequence[UUID]) -> dict[UUID, _Standing]:
    rows = await session.scalars(
        select(Household).where(Household.id.in_(households)).order_by(Household.id).with_for_update()
    )
    standings = {row.id: _Standing(row.id, {}, {}, row=row) for row in rows}
    members = await session.execute(
        select(HouseholdMember.household, HouseholdMember.resident, HouseholdMember.relation)
        .where(HouseholdMember.household.in_(households), HouseholdMember.ended.is_(None))
        .order_by(HouseholdMember.joined, HouseholdMember.id)
    )
    for household, resident, relation in members:
        standings[household].before[resident] = relation
    for standing in standings.values():
        standing.after = dict(standing.before)
    return standings


async def _write(session: AsyncSession, keys: Keys, standings: Sequence[_Standing], now: datetime) -> None:
    changed = [one for one in standings if one.before != one.after]
    await _found(session, keys, [one for one in changed if one.new], now)
    over = [
        (one.id, resident)
        for one in changed
        for resident, relation in one.before.items()
        if one.after.get(resident) != relation
    ]
    if over:
        # Everybody is in one household, so the resident says which membership.
        await session.execute(
            update(HouseholdMember)
            .where(
                HouseholdMember.resident.in_([resident for _, resident in over]),
                HouseholdMember.ended.is_(None),
            )
            .values(ended=now)
            .execution_options(synchronize_session=False)
        )
    begun = [
        {"id": new_id(), "household": one.id, "resident": resident, "relation": relation, "joined": now}
        for one in changed
        for resident, relation in one.after.items()
        if one.before.get(resident) != relation
    ]
    if begun:
        await session.execute(insert(HouseholdMember), begun)
    await _settle(session, keys, [one for one in changed if one.row is not None], now)


async def _found(session: AsyncSession, keys: Keys, new: Sequence[_Standing], now: datetime) -> None:
    if not new:
        return
    keepers = [one.address[0] for one in new if one.address is not None]
    holders = await residents.holders(session, keys, keepers)
    rows: list[dict[str, Any]] = []
    for one in new:
        holder = None if one.address is None else holders.get(one.address[0])
        sealed = None
        if holder is not None and one.address is not None:
            sealed = holder.seal("household", one.id, "address", one.address[1])
        rows.append(
            {
                "id": one.id,
                "address": sealed,
                "address_of": None if sealed is None or holder is None else holder.resident,
                "grid": None if one.place is None else one.place.grid,
                "place": None if one.place is None else one.place.place,
                "version": 1,
                "created": now,
            }
        )
    await session.execute(insert(Household), rows)
    numbers = [
        {"household": one.id, "value": queries.number_index(keys, one.number)}
        for one in new
        if one.number is not None
    ]
    if numbers:
        await session.execute(insert(HouseholdNumber), numbers)


async def _settle(session: AsyncSession, keys: Keys, old: Sequence[_Standing], now: datetime) -> None:
    """Versions; and what becomes of a household that lost its last member, or whoever kept its address."""
    for one in old:
        assert one.row is not None
        one.row.version += 1
        if not one.after:
            one.row.ended = now
            one.row.address = one.row.address_of = None
            await session.execute(delete(HouseholdNumber).where(HouseholdNumber.household == one.id))
        elif one.row.address_of is not None and one.row.address_of not in one.after:
            await reseal(session, keys, one.row, list(one.after))
    await session.flush()
