"""Use cases of emergency contacts. What is told of somebody else is sealed with the key of whoever named them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.emergency import queries
from services.intake.emergency.tables import EmergencyContact
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import ResidentErased, normal_phone
from services.intake.residents.tables import Resident
from shared.database import new_id

_NOUN = "emergency_contact"
FIELDS = ("emergency_contacts",)


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody who is told when the resident does not answer."""

    name: str
    phone: str
    relation: str


async def replace(
    session: AsyncSession, keys: Keys, row: Resident, named: Sequence[Named], *, now: datetime
) -> int:
    """These in place of those before; the record's new version. `row` is locked. Raises InvalidValue, ResidentErased."""
    found = await residents.holders(session, keys, [row.id])
    if row.id not in found:
        raise ResidentErased
    holder = found[row.id]
    await session.execute(delete(EmergencyContact).where(EmergencyContact.resident == row.id))
    rows = []
    for place, one in enumerate(named, 1):
        id = new_id()
        rows.append(
            {
                "id": id,
                "resident": row.id,
                "place": place,
                "name": holder.seal(_NOUN, id, "name", one.name),
                "phone": holder.seal(_NOUN, id, "phone", normal_phone(one.phone)),
                "relation": one.relation,
                "changed": now,
            }
        )
    if rows:
        await session.execute(insert(EmergencyContact), rows)
    version = row.version + 1
    await session.execute(update(Resident).where(Resident.id == row.id).values(version=version))
    return version


async def read(
    session: AsyncSession, keys: Keys, people: Sequence[UUID], reading: Reading
) -> Sequence[tuple[UUID, Named]]:
    """Of those residents who named somebody and are not erased. Each read is recorded."""
    holders = await residents.holders(session, keys, people)
    rows = await queries.of(session, list(holders))
    found = [(row.resident, _opened(holders[row.resident], row)) for row in rows]
    await record_reads(session, dict.fromkeys(id for id, _ in found), FIELDS, reading)
    return found


def _opened(holder: Holder, row: EmergencyContact) -> Named:
    return Named(
        holder.open(_NOUN, row.id, "name", row.name),
        holder.open(_NOUN, row.id, "phone", row.phone),
        row.relation,
    )


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    found = []
    for row in await queries.of(session, person.residents):
        one = _opened(person.holder(row.resident), row)
        found.append({"name": one.name, "phone": one.phone, "relation": one.relation})
    return found


async def _erase(session: AsyncSession, person: Person, _now: datetime) -> int:
    result = await session.execute(
        delete(EmergencyContact)
        .where(EmergencyContact.resident.in_(person.residents))
        .returning(EmergencyContact.id)
    )
    return len(result.all())


BELONGING = Belonging("emergency_contacts", "紧急联系人", "Emergency contacts", export=_export, erase=_erase)
