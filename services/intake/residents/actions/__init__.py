"""Use cases of residents. Whatever gives out personal data records the read in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.consents import queries as consents
from services.intake.consents import rules as consent_rules
from services.intake.guardians import rules as guardian_rules
from services.intake.residents import queries
from services.intake.residents.identity import Identity, agreed
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import (
    CONTACT_FIELDS,
    FIELDS,
    IdNumberTaken,
    ReferenceTaken,
    ResidentErased,
    checked_birth_year,
    checked_email,
    normal_phone,
)
from services.intake.residents.tables import (
    PersonalRead,
    Resident,
    ResidentIndex,
    ResidentKey,
    ResidentReference,
)
from shared.calendar import SHANGHAI
from shared.contracts.intake import ResidentContactChanged
from shared.contracts.intake import ResidentErased as ResidentErasedEvent
from shared.contracts.vocabulary import codes
from shared.database import new_id, scope_of
from shared.messaging.outbox import record

PERSONAL_FIELDS = frozenset(codes("personal_field"))
# The reference goes first, since it may be taken; its foreign key is looked at when the statement ends. In the order
# of the index, so that two batches with the same references do not wait for each other.
_MAKE_REFERRED = """
WITH wanted AS (
    SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[]) AS wanted (ref_index, id, wrapped)
), referred AS (
    INSERT INTO resident_reference (source, ref_index, resident)
    SELECT $4::text, ref_index, id FROM wanted ORDER BY ref_index
    ON CONFLICT DO NOTHING RETURNING resident AS id
), made AS (
    INSERT INTO resident (id, language, version, created) SELECT id, 'zh', 1, $5::timestamptz FROM referred
)
INSERT INTO resident_key (resident, wrapped) SELECT id, wrapped FROM wanted JOIN referred USING (id)
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a resident is called and reached. Any may be unknown."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class Profile:
    contact: Contact
    gender: str | None = None
    birth_year: int | None = None
    birth_date: date | None = None
    id_number: str | None = None

    @property
    def identity(self) -> Identity:
        return Identity(self.id_number, self.gender, self.birth_date, self.birth_year)


@dataclass(frozen=True, slots=True)
class ExternalReference:
    """A resident's number in another system."""

    source: str
    ref: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Why personal data is read, and by whom."""

    reader: Actor
    purpose: str
    at: datetime


async def create(
    session: AsyncSession,
    keys: Keys,
    profile: Profile,
    *,
    now: datetime,
    external: ExternalReference | None = None,
    sealed_by: Holder | None = None,
) -> Holder:
    """A new resident with a key of their own, `sealed_by` if something was sealed with it before. Raises ReferenceTaken, IdNumberTaken, InvalidValue."""
    if external is not None:
        known = await queries.by_references(session, keys, external.source, [external.ref])
        if known:
            raise ReferenceTaken(field="external", resident=known[external.ref])
    identity = checked_identity(profile.identity, now)
    holder = sealed_by or keys.new(new_id(), identity.gender)
    id = holder.resident
    await session.execute(
        insert(Resident).values(
            id=id,
            gender=identity.gender,
            version=1,
            created=now,
            **sealed_identity(holder, identity),
            **sealed_contact(holder, profile.contact),
        )
    )
    await session.execute(insert(ResidentKey).values(resident=id, wrapped=holder.key.wrapped))
    await _index(session, keys, id, "phone", profile.contact.phone)
    await _index(session, keys, id, "id_number", identity.id_number)
    if external is not None:
        index = queries.reference_index(keys, external.source, external.ref)
        await session.execute(
            insert(ResidentReference).values(source=external.source, ref_index=index, resident=id)
        )
    return holder


async def ensure_by_references(
    session: AsyncSession, keys: Keys, source: str, refs: Iterable[str], *, now: datetime
) -> Mapping[str, Holder]:
    """The residents that another system's numbers stand for; unknown ones are made, without contact.

    One statement makes them all. Whoever makes the same at the same moment waits, and both get the one that was first.
    """
    wanted = set(refs)
    known = dict(await queries.by_references(session, keys, source, wanted))
    missing = {queries.reference_index(keys, source, ref): ref for ref in wanted - known.keys()}
    if missing:
        made = {index: keys.new(new_id()) for index in sorted(missing)}
        connection = await session.connection()
        await connection.exec_driver_sql(
            _MAKE_REFERRED,
            (
                list(made),
                [holder.resident for holder in made.values()],
                [holder.key.wrapped for holder in made.values()],
                source,
                now,
            ),
        )
        known.update(await queries.by_references(session, keys, source, missing.values()))
    holders = await queries.holders(session, keys, known.values())
    return {ref: holders[resident] for ref, resident in known.items() if resident in holders}


async def change_contact(
    session: AsyncSession, keys: Keys, row: Resident, contact: Contact, *, now: datetime
) -> int:
    """Replace name and ways to be reached; the new version. `row` is locked. Raises InvalidValue."""
    holder = await _holder(session, keys, row.id)
    version = row.version + 1
    await session.execute(
        update(Resident)
        .where(Resident.id == row.id)
        .values(version=version, contact_changed=now, phone_index=None, **sealed_contact(holder, contact))
    )
    await _index(session, keys, row.id, "phone", contact.phone)
    await record(session, ResidentContactChanged(resident=row.id), at=now)
    return version


async def change_identity(
    session: AsyncSession, keys: Keys, row: Resident, identity: Identity, *, now: datetime
) -> int:
    """Replace number, gender and date of birth; the new version. `row` is locked.

    Raises IdNumberTaken, InvalidValue, ResidentErased.
    """
    holder = await _holder(session, keys, row.id)
    identity = checked_identity(identity, now)
    version = row.version + 1
    await session.execute(
        update(Resident)
        .where(Resident.id == row.id)
        .values(version=version, gender=identity.gender, **sealed_identity(holder, identity))
    )
    await _index(session, keys, row.id, "id_number", identity.id_number)
    keys.drop(scope_of(session), row.id)  # it remembers the gender
    return version


async def read(session: AsyncSession, keys: Keys, row: Resident, reading: Reading) -> Profile:
    """All that is held of a resident in their record. Raises ResidentErased, ConsentMissing."""
    holder = await _holder(session, keys, row.id)
    if await lacking_consent(session, {row.id: (holder, row)}, reading):
        raise consent_rules.ConsentMissing(consent=consent_rules.NEEDED[reading.purpose])
    await record_reads(session, [row.id], FIELDS, reading)
    return opened_profile(holder, row)


@dataclass(frozen=True, slots=True)
class Contacts:
    found: Sequence[tuple[UUID, Contact]]
    without_consent: Sequence[UUID]
    """Whose consent the purpose needs and does not have."""


async def contacts(
    session: AsyncSession, keys: Keys, residents: Sequence[UUID], reading: Reading
) -> Contacts:
    """Name, phone and mail of those residents that exist and are not erased, in the order asked for.

    A record that was merged into another has that one's contact: it is the person's.
    """
    rows = await queries.several(session, residents)
    merged = [row.merged_into for row in rows if row.merged_into is not None]
    kept = await queries.several(session, merged) if merged else []
    by_id = {row.id: row for row in (*rows, *kept)}
    shown = {row.id: by_id.get(row.merged_into or row.id, row) for row in rows}
    holders = await queries.holders(session, keys, by_id)
    shown = {id: row for id, row in shown.items() if row.id in holders}
    refused = await lacking_consent(
        session, {id: (holders[row.id], row) for id, row in shown.items()}, reading
    )
    found = [(id, _opened(holders[row.id], row)) for id, row in shown.items() if id not in refused]
    await record_reads(session, [id for id, _ in found], CONTACT_FIELDS, reading)
    return Contacts(found, [id for id in shown if id in refused])


async def lacking_consent(
    session: AsyncSession, people: Mapping[UUID, tuple[Holder, Resident]], reading: Reading
) -> frozenset[UUID]:
    """Those without the consent that the purpose needs: their own, and for a minor under 14 the guardian's too."""
    needed = consent_rules.NEEDED.get(reading.purpose)
    if needed is None or not people:
        return frozenset()
    minor = guardian_rules.CONSENT_PURPOSE
    given = await consents.standing(session, people, [needed, minor])
    today = reading.at.astimezone(SHANGHAI).date()

    def allowed(id: UUID, holder: Holder, row: Resident) -> bool:
        said = given.get(id, frozenset())
        born = opened_profile(holder, row).birth_date
        return needed in said and (minor in said or not guardian_rules.needs_guardian_consent(born, today))

    return frozenset(id for id, (holder, row) in people.items() if not allowed(id, holder, row))


async def destroy(session: AsyncSession, row: Resident, *, now: datetime) -> None:
    """Destroy the resident's key, and with it all that was encrypted: contact and every request's text.

    `row` is locked. What features hold besides goes before (`erasures`); the caller drops the key from its cache after
    the commit.
    """
    resident = row.id
    await session.execute(delete(ResidentKey).where(ResidentKey.resident == resident))
    await session.execute(delete(ResidentIndex).where(ResidentIndex.resident == resident))
    await session.execute(delete(ResidentReference).where(ResidentReference.resident == resident))
    nothing = dict.fromkeys((*FIELDS, "phone_index", "gender"))
    await session.execute(
        update(Resident).where(Resident.id == resident).values(erased=now, version=row.version + 1, **nothing)
    )
    await record(session, ResidentErasedEvent(resident=resident), at=now)


async def record_reads(
    session: AsyncSession,
    residents: Iterable[UUID],
    fields: Sequence[str],
    reading: Reading,
    *,
    request: UUID | None = None,
) -> None:
    """Write down who read what of these residents, for what purpose, when; `fields` of the vocabulary `personal_field`."""
    assert set(fields) <= PERSONAL_FIELDS, "the resident is told in words what was read"
    rows = [
        {
            "resident": resident,
            "reader_role": reading.reader.role,
            "reader": reading.reader.subject,
            "purpose": reading.purpose,
            "fields": list(fields),
            "request": request,
            "at": reading.at,
        }
        for resident in residents
    ]
    if rows:
        await session.execute(insert(PersonalRead), rows)


async def _holder(session: AsyncSession, keys: Keys, resident: UUID) -> Holder:
    held = keys.held(scope_of(session), resident)
    if held is not None:
        return held
    found = await queries.holders(session, keys, [resident])
    if resident not in found:
        raise ResidentErased
    return found[resident]


async def _index(session: AsyncSession, keys: Keys, resident: UUID, kind: str, value: str | None) -> None:
    """Replace what the resident is found by. Raises IdNumberTaken."""
    await session.execute(
        delete(ResidentIndex).where(ResidentIndex.resident == resident, ResidentIndex.kind == kind)
    )
    if value is None:
        return
    index = blind_index(keys, kind, value)
    if kind == "id_number":
        # Two who register the same number at once wait for each other here, and the second sees the first.
        await session.execute(select(func.pg_advisory_xact_lock(_lock_of(index))))
        taken = await queries.by_id_number(session, keys, value)
        if taken is not None:
            raise IdNumberTaken(field="id_number", resident=taken)
    await session.execute(insert(ResidentIndex).values(resident=resident, kind=kind, value=index))


def blind_index(keys: Keys, kind: str, value: str) -> bytes:
    """Of a phone number or an identity number, in whatever form it is given."""
    if kind == "phone":
        return keys.keyring.blind_index(normal_phone(value), purpose=queries.PHONE)
    return keys.keyring.blind_index(value, purpose=queries.ID_NUMBER)


def _lock_of(index: bytes) -> int:
    return int.from_bytes(index[:8], "big", signed=True)


def checked_identity(identity: Identity, now: datetime) -> Identity:
    """With what follows from the number; all of it agrees. Raises InvalidValue."""
    found = agreed(identity, now.astimezone(SHANGHAI).date())
    if found.birth_year is not None:
        found = replace(found, birth_year=checked_birth_year(found.birth_year, now))
    return found


def sealed_identity(holder: Holder, identity: Identity) -> dict[str, bytes | None]:
    id, born, year = holder.resident, identity.birth_date, identity.birth_year
    return {
        "birth_year": holder.seal_any("resident", id, "birth_year", None if year is None else str(year)),
        "birth_date": holder.seal_any(
            "resident", id, "birth_date", None if born is None else born.isoformat()
        ),
        "id_number": holder.seal_any("resident", id, "id_number", identity.id_number),
    }


def sealed_contact(holder: Holder, contact: Contact) -> dict[str, bytes | str | None]:
    """Raises InvalidValue."""
    id = holder.resident
    phone = None if contact.phone is None else normal_phone(contact.phone)
    email = None if contact.email is None else checked_email(contact.email)
    return {
        "name": holder.seal_any("resident", id, "name", contact.name),
        "phone": holder.seal_any("resident", id, "phone", phone),
        "email": holder.seal_any("resident", id, "email", email),
        "address": holder.seal_any("resident", id, "address", contact.address),
        "language": contact.language,
    }


def opened_profile(holder: Holder, row: Resident) -> Profile:
    """For whoever has recorded the read."""
    birth_year = holder.open_any("resident", row.id, "birth_year", row.birth_year)
    birth_date = holder.open_any("resident", row.id, "birth_date", row.birth_date)
    return Profile(
        contact=_opened(holder, row),
        gender=row.gender,
        birth_year=None if birth_year is None else int(birth_year),
        birth_date=None if birth_date is None else date.fromisoformat(birth_date),
        id_number=holder.open_any("resident", row.id, "id_number", row.id_number),
    )


def _opened(holder: Holder, row: Resident) -> Contact:
    return Contact(
        name=holder.open_any("resident", row.id, "name", row.name),
        phone=holder.open_any("resident", row.id, "phone", row.phone),
        email=holder.open_any("resident", row.id, "email", row.email),
        address=holder.open_any("resident", row.id, "address", row.address),
        language=row.language,
    )
