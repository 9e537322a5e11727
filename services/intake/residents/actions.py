"""Use cases of residents. Whatever gives out personal data records the read in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.residents import queries
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import (
    CONTACT_FIELDS,
    FIELDS,
    ReferenceTaken,
    ResidentErased,
    checked_birth_year,
    checked_email,
    normal_phone,
)
from services.intake.residents.tables import PersonalRead, Resident, ResidentKey, ResidentReference
from shared.contracts.intake import ResidentContactChanged
from shared.contracts.intake import ResidentErased as ResidentErasedEvent
from shared.database import new_id, scope_of
from shared.messaging.outbox import record

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
) -> Holder:
    """A new resident with a key of their own. Raises ReferenceTaken, InvalidValue."""
    if external is not None:
        known = await queries.by_references(session, keys, external.source, [external.ref])
        if known:
            raise ReferenceTaken(field="external", resident=known[external.ref])
    holder = keys.new(new_id(), profile.gender)
    birth_year = profile.birth_year
    if birth_year is not None:
        birth_year = checked_birth_year(birth_year, now)
    id = holder.resident
    await session.execute(
        insert(Resident).values(
            id=id,
            gender=profile.gender,
            birth_year=holder.seal_any(
                "resident", id, "birth_year", None if birth_year is None else str(birth_year)
            ),
            version=1,
            created=now,
            **_sealed(keys, holder, profile.contact),
        )
    )
    await session.execute(insert(ResidentKey).values(resident=id, wrapped=holder.key.wrapped))
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
        .values(version=version, contact_changed=now, **_sealed(keys, holder, contact))
    )
    await record(session, ResidentContactChanged(resident=row.id), at=now)
    return version


async def read(session: AsyncSession, keys: Keys, row: Resident, reading: Reading) -> Profile:
    """All that is held of a resident. Raises ResidentErased."""
    holder = await _holder(session, keys, row.id)
    birth_year = holder.open_any("resident", row.id, "birth_year", row.birth_year)
    await record_reads(session, [row.id], FIELDS, reading)
    return Profile(
        contact=_opened(holder, row),
        gender=row.gender,
        birth_year=None if birth_year is None else int(birth_year),
    )


async def contacts(
    session: AsyncSession, keys: Keys, residents: Sequence[UUID], reading: Reading
) -> Sequence[tuple[UUID, Contact]]:
    """Name, phone and mail of those residents that exist and are not erased, in the order asked for."""
    rows = await queries.several(session, residents)
    holders = await queries.holders(session, keys, [row.id for row in rows])
    found = [(row.id, _opened(holders[row.id], row)) for row in rows if row.id in holders]
    await record_reads(session, [id for id, _ in found], CONTACT_FIELDS, reading)
    return found


async def erase(session: AsyncSession, resident: UUID, *, now: datetime) -> None:
    """Destroy the resident's key, and with it all that was encrypted: contact and every request's text.

    The caller drops the key from its cache after the commit. Raises ResidentNotFound, ResidentErased.
    """
    row = await queries.one(session, resident, for_update=True)
    await session.execute(delete(ResidentKey).where(ResidentKey.resident == resident))
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
    """Write down who read what of these residents, for what purpose, when."""
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


def _sealed(keys: Keys, holder: Holder, contact: Contact) -> dict[str, bytes | str | None]:
    id = holder.resident
    phone = None if contact.phone is None else normal_phone(contact.phone)
    email = None if contact.email is None else checked_email(contact.email)
    return {
        "name": holder.seal_any("resident", id, "name", contact.name),
        "phone": holder.seal_any("resident", id, "phone", phone),
        "phone_index": None if phone is None else keys.keyring.blind_index(phone, purpose=queries.PHONE),
        "email": holder.seal_any("resident", id, "email", email),
        "address": holder.seal_any("resident", id, "address", contact.address),
        "language": contact.language,
    }


def _opened(holder: Holder, row: Resident) -> Contact:
    return Contact(
        name=holder.open_any("resident", row.id, "name", row.name),
        phone=holder.open_any("resident", row.id, "phone", row.phone),
        email=holder.open_any("resident", row.id, "email", row.email),
        address=holder.open_any("resident", row.id, "address", row.address),
        language=row.language,
    )
