"""Making a restored database know whom it has no key of: they were erased after the backup, and are erased in it too."""

from collections.abc import Sequence
from uuid import UUID

from shared.backups.cutting import Connection, connected
from shared.backups.installation import Target
from shared.contracts.intake import ResidentErased
from shared.database import Database
from shared.messaging.outbox import record

_AT_ONCE = 500
_IN_CLEAR = frozenset(
    {"name", "phone", "phone_index", "email", "address", "birth_year", "birth_date", "id_number", "gender"}
)
"""Columns of `resident` that erasing empties, those that the database has at its migration."""
_NO_KEY = "0" * 64
# The certificate of the erasure itself is among what was lost since the backup; this one says that it was done again.
_CERTIFY = """
INSERT INTO public.erasure (tenant, resident, at, reason, by_role, by, destroyed, key)
SELECT tenant, resident, now(), 'again', 'operator', 'longxi restore', '{}'::jsonb, $3
FROM unnest($1::text[], $2::uuid[]) AS erased (tenant, resident) ON CONFLICT DO NOTHING
"""
_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = 'resident' AND column_name = ANY ($1)
"""


async def erase_again(target: Target) -> Sequence[tuple[str, UUID]]:
    """Erase the residents who have no key and are not marked as erased: community and id of each.

    The other services' databases came back too, so they are told again. Raises BackupFailed.
    """
    async with connected(target.url()) as connection, connection.transaction():
        erased = await _erase(connection)
    if erased:
        await _tell(target, erased)
    return erased


async def _erase(connection: Connection) -> list[tuple[str, UUID]]:
    columns = [row["column_name"] for row in await connection.fetch(_COLUMNS, list(_IN_CLEAR))]
    emptied = ", ".join(f'"{column}" = NULL' for column in columns)
    rows = await connection.fetch(
        f"UPDATE public.resident SET erased = now(), version = version + 1, {emptied}"  # noqa: S608 - from the catalogue
        " WHERE erased IS NULL AND NOT EXISTS (SELECT FROM public.resident_key AS key WHERE key.resident = resident.id)"
        " RETURNING tenant, id"
    )
    erased = [(row["tenant"], row["id"]) for row in rows]
    if erased and await connection.fetchval("SELECT to_regclass('public.erasure')::text") is not None:
        await connection.execute(
            _CERTIFY, [tenant for tenant, _ in erased], [id for _, id in erased], _NO_KEY
        )
    return erased


async def _tell(target: Target, erased: Sequence[tuple[str, UUID]]) -> None:
    database = Database(target.url(), pool=2, application="longxi-backup")
    try:
        for tenant in sorted({tenant for tenant, _ in erased}):
            residents = sorted(id for of, id in erased if of == tenant)
            for start in range(0, len(residents), _AT_ONCE):
                async with database.transaction(tenant) as session:
                    some = residents[start : start + _AT_ONCE]
                    await record(session, *(ResidentErased(resident=resident) for resident in some))
    finally:
        await database.stop()


__all__ = ["erase_again"]
