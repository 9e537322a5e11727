"""Every read of residents. Reading personal data goes through `actions`, which records it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, SQLColumnExpression, any_, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import ResidentErased
from services.intake.residents.tables import Resident, ResidentIndex, ResidentKey, ResidentReference
from shared.database import Database, among, scope_of
from shared.refusals import NotFound

PHONE = "resident.phone"
"""Purpose of the blind index of phone numbers."""
ID_NUMBER = "resident.id_number"


class ResidentNotFound(NotFound):
    type = "resident-not-found"
    zh = "没有这位居民。"
    en = "There is no such resident."


_HOLDER = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
SELECT resident.erased, resident.gender, resident_key.wrapped
FROM scope
CROSS JOIN LATERAL (SELECT * FROM resident WHERE tenant = scope.tenant AND id = $2 OFFSET 0) resident
LEFT JOIN LATERAL (SELECT wrapped FROM resident_key WHERE tenant = scope.tenant AND resident = $2 OFFSET 0)
    resident_key ON true
"""


async def held_or_loaded(database: Database, tenant: str, keys: Keys, resident: UUID) -> Holder:
    """The resident's open key; one statement where this process does not hold it.

    Raises ResidentNotFound, ResidentErased.
    """
    holder = keys.held(tenant, resident)
    if holder is None:
        rows = await database.statement(_HOLDER, tenant, resident)
        if not rows:
            raise ResidentNotFound
        if rows[0]["erased"] is not None or rows[0]["wrapped"] is None:
            raise ResidentErased
        holder = keys.unwrap(resident, rows[0]["wrapped"], rows[0]["gender"])
        keys.hold(tenant, holder)
    return holder


async def holders(session: AsyncSession, keys: Keys, residents: Iterable[UUID]) -> Mapping[UUID, Holder]:
    """The open keys of those residents that exist and are not erased."""
    rows = await session.execute(
        select(ResidentKey.resident, ResidentKey.wrapped, Resident.gender)
        .join(Resident, Resident.id == ResidentKey.resident)
        .where(among(ResidentKey.resident, set(residents)), Resident.erased.is_(None))
    )
    tenant = scope_of(session)
    found: dict[UUID, Holder] = {}
    for resident, wrapped, gender in rows:
        holder = keys.held(tenant, resident) or keys.unwrap(resident, wrapped, gender)
        keys.hold(tenant, holder)
        found[resident] = holder
    return found


async def one(session: AsyncSession, resident: UUID, *, for_update: bool = False) -> Resident:
    """Raises ResidentNotFound, ResidentErased."""
    statement = select(Resident).where(Resident.id == resident)
    row = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise ResidentNotFound
    if row.erased is not None:
        raise ResidentErased
    return row


async def several(
    session: AsyncSession, residents: Sequence[UUID], *, for_update: bool = False
) -> Sequence[Resident]:
    """Those that exist and are not erased, in the order asked for; locked in the order of their ids."""
    statement = select(Resident).where(among(Resident.id, residents), Resident.erased.is_(None))
    if for_update:
        statement = statement.order_by(Resident.id).with_for_update()
        statement = statement.execution_options(populate_existing=True)
    rows = await session.scalars(statement)
    by_id = {row.id: row for row in rows}
    return [by_id[id] for id in dict.fromkeys(residents) if id in by_id]


async def by_phone(session: AsyncSession, keys: Keys, phone: str) -> Sequence[UUID]:
    """All residents with this number (a family may share one), oldest first; of one person the record that is kept.

    `phone` is in its normal form.
    """
    index = keys.keyring.blind_index(phone, purpose=PHONE)
    indexed = select(ResidentIndex.resident).where(
        ResidentIndex.kind == "phone", ResidentIndex.value == index
    )
    # While the release before still runs beside this one, it writes into the old column.
    before = select(Resident.id).where(Resident.phone_index == index)
    found = union(indexed, before).subquery()
    kept = select(func.coalesce(Resident.merged_into, Resident.id)).where(Resident.id.in_(select(found)))
    return sorted((await session.scalars(kept.distinct())).all())


async def by_id_number(session: AsyncSession, keys: Keys, id_number: str) -> UUID | None:
    """The record with this identity number, in its normal form; where it was merged, the record that is kept."""
    statement = (
        select(func.coalesce(Resident.merged_into, Resident.id))
        .join(ResidentIndex, ResidentIndex.resident == Resident.id)
        .where(
            ResidentIndex.kind == "id_number",
            ResidentIndex.value == keys.keyring.blind_index(id_number, purpose=ID_NUMBER),
        )
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def person(session: AsyncSession, resident: UUID) -> Sequence[UUID]:
    """All records of the same person, the kept one first. Raises ResidentNotFound."""
    kept = await session.scalar(
        select(func.coalesce(Resident.merged_into, Resident.id)).where(Resident.id == resident)
    )
    if kept is None:
        raise ResidentNotFound
    others = await session.scalars(
        select(Resident.id).where(Resident.merged_into == kept).order_by(Resident.id)
    )
    return [kept, *others]


def of_same_person(column: SQLColumnExpression[UUID], resident: UUID) -> ColumnElement[bool]:
    """Whether the column names this resident, or a record of the same person. It may use an index on the column."""
    return column == any_(func.array(records_of(resident).scalar_subquery()))


def records_of(resident: UUID) -> CompoundSelect[tuple[UUID]]:
    """The ids of all records of the same person, as a subquery. Aliases keep it apart from whatever asks."""
    this, other = aliased(Resident), aliased(Resident)
    kept = select(func.coalesce(this.merged_into, this.id)).where(this.id == resident)
    merged = select(other.id).where(other.merged_into == kept.scalar_subquery())
    return union(kept, merged)


async def by_references(
    session: AsyncSession, keys: Keys, source: str, refs: Iterable[str]
) -> Mapping[str, UUID]:
    """The residents that another system's numbers stand for, for those that are known."""
    indexes = {reference_index(keys, source, ref): ref for ref in refs}
    rows = await session.execute(
        select(ResidentReference.ref_index, ResidentReference.resident).where(
            ResidentReference.source == source, among(ResidentReference.ref_index, indexes)
        )
    )
    return {indexes[index]: resident for index, resident in rows}


def reference_index(keys: Keys, source: str, ref: str) -> bytes:
    return keys.keyring.blind_index(ref, purpose=f"resident.reference.{source}")
