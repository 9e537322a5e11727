"""Writing what rows of a register change: residents and households of a batch in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.households.actions import many as households
from services.intake.places.queries import NOWHERE, Place
from services.intake.registers import actions, writing
from services.intake.registers.planning import Person, Plan, plan
from services.intake.registers.rules import Entry, Outcome
from services.intake.residents.actions import Reading, record_reads
from shared.database import scope_of

AT_ONCE = 500


async def apply_batch(session: AsyncSession, desk: Desk, run: UUID, *, now: datetime, by: Actor) -> int:
    """Apply the next rows; how many there were. What a row changes is found anew, by what is on record now: so a row
    that was applied already, or that somebody entered by hand meanwhile, changes nothing.
    """
    entries = await actions.take(session, desk.keys, run, count=AT_ONCE)
    if not entries:
        return 0
    plans, people = await plan(session, desk.keys, entries, for_update=True)
    made = await writing.create(session, desk.keys, _of(plans, Outcome.NEW), now=now)
    done = [replace(one, resident=made.get(one.number, one.resident)) for one in plans]
    changed = _of(plans, Outcome.CHANGED)
    await writing.change(
        session, desk.keys, [(one, people[one.resident]) for one in changed if one.resident], now=now
    )
    await _house(session, desk, [one for one in done if one.resident is not None], people, now)
    await actions.note(session, run, done, now)
    reading = Reading(by, "register", now)
    await record_reads(
        session, sorted({one.resident for one in changed if one.resident}), actions.FIELDS, reading
    )
    return len(entries)


async def _house(
    session: AsyncSession, desk: Desk, done: Sequence[Plan], people: Mapping[UUID, Person], now: datetime
) -> None:
    """Bring those whose rows name a household into it."""
    asked: dict[str, list[households.Wanted]] = {}
    places: dict[str, Place] = {}
    tenant = scope_of(session)
    for one in done:
        entry = one.entry
        if entry is None or entry.household is None or one.resident is None:
            continue
        if not {"household", "relation"} & set(one.fields) and one.outcome is not Outcome.NEW:
            continue
        number = entry.household
        asked.setdefault(number, []).append(
            households.Wanted(
                one.resident, entry.relation or "other_relative", _address(entry, people, one.resident)
            )
        )
    for number, wanted in asked.items():
        address = next((one.address for one in wanted if one.address is not None), None)
        places[number] = NOWHERE if address is None else await desk.grids.place(tenant, address)
    if asked:
        await households.bring_in(session, desk.keys, asked, places, now=now)


def _address(entry: Entry, people: Mapping[UUID, Person], resident: UUID) -> str | None:
    known = people.get(resident)
    return entry.address or (None if known is None else known.known.address)


def _of(plans: Sequence[Plan], outcome: Outcome) -> list[Plan]:
    return [one for one in plans if one.outcome is outcome]
