"""Use cases of guardianships."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.consents.actions import declare
from services.intake.guardians import queries, rules
from services.intake.guardians.rules import AlreadyGuardian, GuardianConsentNeeded
from services.intake.guardians.tables import Guardianship
from services.intake.residents import queries as residents
from services.intake.residents.actions import opened_profile
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.residents.keys import Keys
from shared.calendar import SHANGHAI
from shared.database import new_id
from shared.refusals import InvalidValue

OF_AGE = "of_age"


async def appoint(
    session: AsyncSession,
    keys: Keys,
    guardian: UUID,
    ward: UUID,
    *,
    relation: str,
    consent_text: UUID | None,
    channel: str,
    now: datetime,
    by: Actor,
) -> UUID:
    """Write down who is guardian of a minor. For one under 14 the guardian's consent is taken down with it.

    Raises ResidentNotFound, ResidentErased, AlreadyGuardian, GuardianConsentNeeded, TextNotInForce, and what
    `rules.check` does.
    """
    today = now.astimezone(SHANGHAI).date()
    # The order of their ids, so that two who do this at once do not wait for each other for ever.
    for resident in sorted({guardian, ward}):
        await residents.one(session, resident, for_update=True)
    born = await births(session, keys, [guardian, ward])
    rules.check(
        guardian_born=born.get(guardian),
        ward_born=born.get(ward),
        same=guardian == ward,
        today=today,
    )
    if await queries.standing(session, guardian, ward):
        raise AlreadyGuardian
    if rules.needs_guardian_consent(born.get(ward), today):
        if consent_text is None:
            raise GuardianConsentNeeded(field="consent_text")
        await declare(
            session,
            ward,
            rules.CONSENT_PURPOSE,
            given=True,
            text=consent_text,
            channel=channel,
            by=Actor("guardian", str(guardian)),
            now=now,
        )
    id = new_id()
    await session.execute(
        insert(Guardianship).values(
            id=id, guardian=guardian, ward=ward, relation=relation, since=now, by=by.subject
        )
    )
    return id


async def end(session: AsyncSession, id: UUID, *, reason: str, now: datetime) -> None:
    """Raises GuardianshipNotFound, InvalidValue where it has ended before."""
    row = await queries.one(session, id)
    if row.ended is not None:
        raise InvalidValue(
            field="id", reason_zh="该监护关系已经结束。", reason_en="This guardianship has ended already."
        )
    await session.execute(
        update(Guardianship).where(Guardianship.id == id).values(ended=now, end_reason=reason)
    )


async def end_of_age(
    session: AsyncSession, keys: Keys, *, after: UUID | None, count: int, now: datetime
) -> UUID | None:
    """End those of one piece whose minor has come of age; the id to go on after, None when there are no more."""
    rows = await queries.standing_after(session, after, count=count)
    born = await births(session, keys, [row.ward for row in rows])
    today = now.astimezone(SHANGHAI).date()
    over = [row.id for row in rows if row.ward in born and not rules.is_minor(born[row.ward], today)]
    if over:
        await session.execute(
            update(Guardianship)
            .where(Guardianship.id.in_(over), Guardianship.ended.is_(None))
            .values(ended=now, end_reason=OF_AGE)
        )
    return rows[-1].id if len(rows) == count else None


async def births(session: AsyncSession, keys: Keys, people: Sequence[UUID]) -> dict[UUID, date]:
    """Dates of birth, of those for whom one is on record. No read by anybody: they decide, and are not shown."""
    rows = await residents.several(session, people)
    holders = await residents.holders(session, keys, [row.id for row in rows])
    found = {row.id: opened_profile(holders[row.id], row).birth_date for row in rows if row.id in holders}
    return {id: born for id, born in found.items() if born is not None}


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    rows = {row.id: row for resident in person.residents for row in await queries.of(session, resident)}
    return [
        {
            "guardian": row.guardian,
            "minor": row.ward,
            "relation": row.relation,
            "since": row.since,
            "ended": row.ended,
            "end_reason": row.end_reason,
        }
        for row in rows.values()
    ]


async def _erase(session: AsyncSession, person: Person, now: datetime) -> int:
    """They end; that there was one says nothing of anybody who can still be found."""
    result = await session.execute(
        update(Guardianship)
        .where(
            or_(Guardianship.guardian.in_(person.residents), Guardianship.ward.in_(person.residents)),
            Guardianship.ended.is_(None),
        )
        .values(ended=now, end_reason="erased")
        .returning(Guardianship.id)
    )
    return len(result.all())


BELONGING = Belonging("guardianships", "监护关系", "Guardianships", export=_export, erase=_erase)
