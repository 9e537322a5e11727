"""Names and ages of those who sign up; each read is recorded."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities.office import Office
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.identity import age_on


async def names_of(
    session: AsyncSession, office: Office, people: Sequence[UUID], reading: Reading
) -> Mapping[UUID, str | None]:
    """Of those who are not erased."""
    rows = await residents.several(session, people)
    keys = await residents.holders(session, office.keys, [row.id for row in rows])
    found = {
        row.id: keys[row.id].open_any("resident", row.id, "name", row.name) for row in rows if row.id in keys
    }
    await record_reads(session, list(found), ["name"], reading)
    return found


async def ages(
    session: AsyncSession, office: Office, people: Sequence[UUID], day: date, reading: Reading
) -> Mapping[UUID, int]:
    """Completed years on that day, of those whose date or year of birth is known."""
    rows = await residents.several(session, people)
    keys = await residents.holders(session, office.keys, [row.id for row in rows])
    by_date: dict[UUID, int] = {}
    by_year: dict[UUID, int] = {}
    for row in rows:
        if row.id in keys:
            born = keys[row.id].open_any("resident", row.id, "birth_date", row.birth_date)
            year = keys[row.id].open_any("resident", row.id, "birth_year", row.birth_year)
            if born is not None:
                by_date[row.id] = age_on(date.fromisoformat(born), day)
            elif year is not None:
                by_year[row.id] = day.year - int(year)
    await record_reads(session, list(by_date), ["birth_date"], reading)
    await record_reads(session, list(by_year), ["birth_year"], reading)
    return by_date | by_year
