"""Which master keys are still needed: asked of the databases as the administrator, over all communities.

The columns are found by their names, which are the same in all services (a test holds them to it).
"""

from collections import Counter

from shared.backups.cutting import connected
from shared.backups.installation import Target

COLUMNS = ("wrapped", "wrapped_key", "data_key")
"""Of type bytea: a person's or a thing's data key, wrapped by a master key."""

_FIND = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = 'public' AND data_type = 'bytea' AND column_name = ANY ($1) ORDER BY 1, 2
"""


async def master_keys_in_use(target: Target) -> Counter[str]:
    """How many data keys each master key has wrapped, by its name. Raises BackupFailed."""
    found: Counter[str] = Counter()
    async with connected(target.url()) as connection:
        for table, column in await connection.fetch(_FIND, list(COLUMNS)):
            rows = await connection.fetch(
                f'SELECT substring("{column}" from 2 for get_byte("{column}", 0)) AS name, count(*) AS keys'  # noqa: S608 - from the catalogue
                f' FROM "{table}" WHERE "{column}" IS NOT NULL GROUP BY 1'
            )
            for row in rows:
                found[row["name"].decode(errors="replace")] += row["keys"]
    return found


__all__ = ["COLUMNS", "master_keys_in_use"]
