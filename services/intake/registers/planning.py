"""What rows would change, by what is on record now: a fixed number of statements for any number of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.households import queries as households
from services.intake.registers import queries
from services.intake.registers.rules import Entry, Known, Outcome, Problem, changes, fits
from services.intake.residents import queries as residents
from services.intake.residents.actions import blind_index, opened_profile
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.tables import Resident


@dataclass(frozen=True, slots=True)
class Plan:
    """What one row comes to."""

    number: int
    entry: Entry | None
    outcome: Outcome
    resident: UUID | None = None
    fields: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A resident on record whom some row may mean."""

    row: Resident
    holder: Holder
    known: Known


async def plan(
    session: AsyncSession, keys: Keys, entries: Mapping[int, Entry], *, for_update: bool = False
) -> tuple[list[Plan], Mapping[UUID, Person]]:
    """A plan for each entry, in the order of their numbers; and the people whom they mean."""
    numbers = {
        number: blind_index(keys, "id_number", entry.id_number)
        for number, entry in entries.items()
        if entry.id_number is not None
    }
    phones = {
        number: blind_index(keys, "phone", entry.phone)
        for number, entry in entries.items()
        if entry.phone is not None
    }
    by_number = await queries.residents_by_index(session, "id_number", set(numbers.values()))
    by_phone = await queries.residents_by_index(session, "phone", set(phones.values()))
    candidates_of = {id for ids in (*by_number.values(), *by_phone.values()) for id in ids}
    people = await _people(session, keys, candidates_of, for_update=for_update)
    housed = await households.households_of(session, people)
    known_numbers = await households.by_numbers(
        session, keys, {entry.household for entry in entries.values() if entry.household is not None}
    )
    plans: list[Plan] = []
    taken: dict[UUID, int] = {}
    for number, entry in sorted(entries.items()):
        meant = by_number.get(numbers.get(number, b""), ())
        if not meant:
            candidates = by_phone.get(phones.get(number, b""), ())
            meant = [id for id in candidates if id in people and fits(entry, people[id].known)]
        if len(meant) > 1:
            plans.append(Plan(number, entry, Outcome.REFUSED, problems=(Problem("name", "several"),)))
            continue
        if not meant or meant[0] not in people:
            plans.append(Plan(number, entry, Outcome.NEW, fields=_given(entry)))
            continue
        (resident,) = meant
        if taken.setdefault(resident, number) != number:
            plans.append(Plan(number, entry, Outcome.REFUSED, problems=(Problem("name", "twice"),)))
            continue
        household = None if entry.household is None else known_numbers.get(entry.household)
        found = changes(entry, _with_household(people[resident].known, household, housed.get(resident)))
        outcome = Outcome.CHANGED if found else Outcome.SAME
        plans.append(Plan(number, entry, outcome, resident, found))
    return plans, people


async def _people(
    session: AsyncSession, keys: Keys, ids: set[UUID], *, for_update: bool
) -> Mapping[UUID, Person]:
    rows = await residents.several(session, sorted(ids), for_update=for_update)
    holders = await residents.holders(session, keys, [row.id for row in rows])
    return {
        row.id: Person(row, holders[row.id], _known(holders[row.id], row))
        for row in rows
        if row.id in holders
    }


def _known(holder: Holder, row: Resident) -> Known:
    profile = opened_profile(holder, row)
    return Known(
        name=profile.contact.name,
        id_number=profile.id_number,
        phone=profile.contact.phone,
        address=profile.contact.address,
        gender=profile.gender,
        birth_date=profile.birth_date,
    )


def _with_household(known: Known, household: UUID | None, now: tuple[UUID, str] | None) -> Known:
    if now is None or household is None or now[0] != household:
        return known
    return Known(
        known.name,
        known.id_number,
        known.phone,
        known.address,
        known.gender,
        known.birth_date,
        in_household=True,
        relation=now[1],
    )


def _given(entry: Entry) -> tuple[str, ...]:
    fields: Sequence[str] = (
        "name",
        "id_number",
        "phone",
        "address",
        "gender",
        "birth_date",
        "household",
        "relation",
    )
    return tuple(field for field in fields if getattr(entry, field) is not None)
