"""Residents of a batch, sealed and written."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.registers.planning import Person, Plan
from services.intake.registers.rules import Entry, merged_identity
from services.intake.residents.actions import (
    Contact,
    blind_index,
    checked_identity,
    opened_profile,
    sealed_contact,
    sealed_identity,
)
from services.intake.residents.actions.many import Index, insert_residents, update_residents
from services.intake.residents.identity import Identity
from services.intake.residents.keys import Keys
from shared.database import new_id


async def create(
    session: AsyncSession, keys: Keys, plans: Sequence[Plan], *, now: datetime
) -> Mapping[int, UUID]:
    """Residents who are not on record yet; by the number of the row."""
    made: dict[int, UUID] = {}
    rows, wrapped, indexes = [], {}, []
    for one in plans:
        entry = one.entry
        assert entry is not None
        identity = checked_identity(Identity(entry.id_number, entry.gender, entry.birth_date), now)
        holder = keys.new(new_id(), identity.gender)
        id = holder.resident
        made[one.number], wrapped[id] = id, holder.key.wrapped
        contact = Contact(entry.name, entry.phone, None, entry.address)
        rows.append(
            {
                "id": id,
                "gender": identity.gender,
                "version": 1,
                "created": now,
                **sealed_identity(holder, identity),
                **sealed_contact(holder, contact),
            }
        )
        indexes += _indexes(keys, id, entry)
    await insert_residents(session, rows, wrapped, indexes)
    return made


async def change(
    session: AsyncSession, keys: Keys, changed: Sequence[tuple[Plan, Person]], *, now: datetime
) -> None:
    """What the rows say in place of what was on record; what they do not say stays."""
    rows, indexes, contacts = [], [], []
    for one, person in changed:
        entry = one.entry
        assert entry is not None
        if not set(one.fields) - {"household", "relation"}:
            continue
        before = opened_profile(person.holder, person.row).contact
        contact = Contact(
            entry.name,
            entry.phone or before.phone,
            before.email,
            entry.address or before.address,
            before.language,
        )
        identity = checked_identity(merged_identity(entry, person.known), now)
        rows.append(
            {
                "id": person.row.id,
                "gender": identity.gender,
                "version": person.row.version + 1,
                "contact_changed": now,
                **sealed_identity(person.holder, identity),
                **sealed_contact(person.holder, contact),
            }
        )
        indexes += _indexes(keys, person.row.id, entry)
        if {"name", "phone"} & set(one.fields):
            contacts.append(person.row.id)
    await update_residents(session, rows, indexes, contacts, now=now)


def _indexes(keys: Keys, resident: UUID, entry: Entry) -> list[Index]:
    found = []
    for kind, value in (("phone", entry.phone), ("id_number", entry.id_number)):
        if value is not None:
            found.append(Index(resident, kind, blind_index(keys, kind, value)))
    return found
