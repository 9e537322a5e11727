"""Gathering all that is held of a person (PIPL article 45), by every feature's own exporter."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.residents import queries
from services.intake.residents.actions import Reading, opened_profile, record_reads
from services.intake.residents.belongings import Belonging, Belongings, Item, Person, nothing_to_erase
from services.intake.residents.keys import Keys
from services.intake.residents.rules import ResidentErased

EVERYTHING = ("everything",)


async def everything(
    session: AsyncSession, keys: Keys, belongings: Belongings, resident: UUID, reading: Reading
) -> Mapping[str, Sequence[Item]]:
    """By the name of the belonging. Raises ResidentNotFound, ResidentErased."""
    records = await queries.person(session, resident)
    person = Person(tuple(records), await queries.holders(session, keys, records))
    if person.resident not in person.holders:
        raise ResidentErased
    found = {belonging.name: await belonging.export(session, person) for belonging in belongings}
    await record_reads(session, records, EVERYTHING, reading)
    return found


async def _records(session: AsyncSession, person: Person) -> Sequence[Item]:
    """The person's records in the register of residents."""
    items = []
    for row in await queries.several(session, person.residents):
        profile = opened_profile(person.holder(row.id), row)
        items.append(
            {
                "id": row.id,
                "name": profile.contact.name,
                "phone": profile.contact.phone,
                "email": profile.contact.email,
                "address": profile.contact.address,
                "language": profile.contact.language,
                "gender": profile.gender,
                "birth_year": profile.birth_year,
                "birth_date": None if profile.birth_date is None else profile.birth_date.isoformat(),
                "id_number": profile.id_number,
                "registered": row.created,
                "merged_into": row.merged_into,
            }
        )
    return items


RECORDS = Belonging("records", "登记信息", "Your record", export=_records, erase=nothing_to_erase)
