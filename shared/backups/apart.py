"""What makes people readable and findable, kept apart from the backups of the databases, in its newest state only.

A dump of a database that held residents' keys would show, for as long as it is kept, whoever was erased after it. So the
dumps leave these tables out. Their rows are written into a key set of their own beside the backups, and as soon as a new
one is there and whole, the older ones are removed. A restore of however old a backup takes the newest key set: whoever
was erased meanwhile is not in it, and the restored database is made to know that they were
(docs/decisions/erasure-reaches-backups.md).
"""

import asyncio
import gzip
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import IO, Any, cast

from shared.backups.cutting import Connection, Snapshot
from shared.backups.failures import Damaged, Unfinished
from shared.backups.manifest import FILE
from shared.backups.places import Place
from shared.backups.sealing import Identity, Measured, Recipient, Watched, seal, unseal

NAME = re.compile(r"keyset-\d{4}-\d{2}-\d{2}T\d{6}Z")
_CONTENT = "keyset.age"
_AT_ONCE = 2000

Owned = Mapping[str, tuple[str, str]]
TABLES: Mapping[str, Owned] = {
    "intake": {
        "resident_key": ("resident", "resident"),
        "resident_index": ("resident", "resident"),
        "resident_reference": ("resident", "resident"),
        "household_number": ("household", "household"),
        "register_key": ("run", "register_run"),
    }
}
"""By service: tables that no dump holds, each with the column that names whose the row is, and that one's table.

`tests/services/intake/test_erasure_and_backups.py` holds them to the migrated database.
"""


@dataclass(frozen=True, slots=True)
class KeySet:
    """What `manifest.json` of a key set says. It is in clear, and counts only."""

    name: str
    service: str
    seen_at: str
    """When its snapshot was taken, by the server's clock."""
    bytes: int
    sha256: str
    rows: Mapping[str, int]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.seen_at)


def excluded(service: str) -> list[str]:
    """What `pg_dump` is told, so that it leaves these tables' rows out."""
    return [f"--exclude-table-data=public.{table}" for table in TABLES.get(service, {})]


def counted(service: str, rows: Mapping[str, int]) -> dict[str, int]:
    """How many rows each table has in the dump: none in those that are kept apart."""
    apart = {f"public.{table}" for table in TABLES.get(service, {})}
    return {name: 0 if name in apart else number for name, number in rows.items()}


async def keep(snapshot: Snapshot, recipients: Sequence[Recipient], place: Place, now: datetime) -> KeySet:
    """Write a key set, look at it again, and only then remove those before it. Raises BackupFailed, OSError."""
    service = snapshot.target.service
    name = f"keyset-{now.astimezone(UTC):%Y-%m-%dT%H%M%SZ}"
    rows: dict[str, int] = {}
    packed = io.BytesIO()
    # In memory: hundreds of bytes a resident, and nothing of it stands on this machine's disk unsealed.
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as out:
        for table in await _present(snapshot.connection, service):
            rows[table] = await _write(snapshot.connection, table, out)
    packed.seek(0)
    place.make(name)
    size, digest = await asyncio.to_thread(_seal, packed, recipients, place, name)
    made = KeySet(name, service, snapshot.seen_at.astimezone(UTC).isoformat(), size, digest, rows)
    with place.writing(name, FILE) as sink:
        sink.write(json.dumps(asdict(made), indent=1).encode())
    await asyncio.to_thread(check, place, made)
    for older in names(place):
        if older < name:
            place.remove(older, FILE)
    return made


def names(place: Place) -> list[str]:
    """Of all key sets, finished or not, the oldest first."""
    return place.names(NAME)


def newest(place: Place) -> KeySet | None:
    """The newest finished one. Raises Damaged."""
    for name in reversed(names(place)):
        if FILE in place.files(name):
            with place.reading(name, FILE) as source:
                try:
                    return KeySet(**json.loads(source.read()))
                except (ValueError, TypeError):
                    raise Damaged(f"{name}: its manifest cannot be read") from None
    return None


def needed(place: Place, moment: datetime, service: str) -> KeySet:
    """The key set for a backup of this moment. Raises Unfinished where there is none that knows all its residents."""
    found = newest(place)
    if found is None or found.service != service:
        raise Unfinished(
            f"{place.address} holds no key set: without it nobody's data can be read. Say where it is: --apart PLACE"
        )
    if found.moment < moment:
        raise Unfinished(
            f"the newest key set, {found.name}, is older than the backup: residents who came between the two would be"
            " lost. Look for the one that was made with the backup"
        )
    return found


def check(place: Place, found: KeySet) -> None:
    """Raises Damaged unless the file is the one that was written."""
    with place.reading(found.name, _CONTENT) as source:
        watched = Watched(source)
        while watched.read(2**20):
            pass
    if (watched.bytes, watched.sha256) != (found.bytes, found.sha256):
        raise Damaged(f"{found.name}: {_CONTENT} is not the file that was written")


async def load(
    connection: Connection, place: Place, found: KeySet, identities: Sequence[Identity]
) -> Mapping[str, int]:
    """Put the rows into a restored database, in place of what it has: those whose owners it knows. How many there are.

    Raises WrongIdentity, Damaged.
    """
    packed = await asyncio.to_thread(opened, place, found, identities)
    tables = await _present(connection, found.service)
    done: dict[str, int] = {}
    async with connection.transaction():
        for table in tables:
            await connection.execute(f'DELETE FROM public."{table}"')  # noqa: S608 - our own names
        for table, lines in pieces(packed):
            if table in tables:
                column, owner = TABLES[found.service][table]
                done[table] = done.get(table, 0) + await connection.fetchval(
                    _load(table, column, owner), f"[{','.join(lines)}]"
                )
    return done


def _load(table: str, column: str, owner: str) -> str:
    return f"""
    WITH loaded AS (
        INSERT INTO public."{table}"
        SELECT kept.* FROM json_populate_recordset(NULL::public."{table}", $1::json) AS kept
        WHERE EXISTS (SELECT FROM public."{owner}" AS owner WHERE owner.id = kept."{column}")
        ON CONFLICT DO NOTHING RETURNING 1
    ) SELECT count(*) FROM loaded
    """  # noqa: S608 - our own names


async def _present(connection: Connection, service: str) -> list[str]:
    """Tables that the database has at its migration."""
    return [
        table
        for table in TABLES.get(service, {})
        if await connection.fetchval("SELECT to_regclass($1)::text", f"public.{table}") is not None
    ]


async def _write(connection: Connection, table: str, out: gzip.GzipFile) -> int:
    """One line for each row: the table's name, a tab, the row as JSON."""
    rows = 0
    statement = f'SELECT to_json(kept)::text AS line FROM public."{table}" AS kept'  # noqa: S608 - our own names
    lines: list[str] = []
    async for row in connection.cursor(statement, prefetch=_AT_ONCE):
        lines.append(f"{table}\t{row['line']}\n")
        rows += 1
        if len(lines) == _AT_ONCE:
            await asyncio.to_thread(out.write, "".join(lines).encode())
            lines.clear()
    await asyncio.to_thread(out.write, "".join(lines).encode())
    return rows


def pieces(packed: bytes) -> Iterator[tuple[str, list[str]]]:
    """Rows of one table as JSON, some at a time. Raises Damaged."""
    table = ""
    lines: list[str] = []
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as source:
            for raw in source:
                name, _, line = raw.decode().rstrip("\n").partition("\t")
                if lines and (name != table or len(lines) == _AT_ONCE):
                    yield table, lines
                    lines = []
                table = name
                lines.append(line)
    except (OSError, EOFError, ValueError):
        raise Damaged("the key set was changed or cut short") from None
    if lines:
        yield table, lines


def _seal(source: io.BytesIO, recipients: Sequence[Recipient], place: Place, name: str) -> tuple[int, str]:
    with place.writing(name, _CONTENT) as sink:
        measured = Measured(sink)
        seal(cast("IO[bytes]", source), measured, recipients)
    return measured.bytes, measured.sha256


def opened(place: Place, found: KeySet, identities: Sequence[Identity]) -> bytes:
    """A key set's content, packed. Raises WrongIdentity, Damaged."""
    content = io.BytesIO()
    with place.reading(found.name, _CONTENT) as source:
        watched: Any = Watched(source)
        unseal(watched, Measured(content), identities)
        while watched.read(2**20):
            pass
    if watched.sha256 != found.sha256:
        raise Damaged(f"{found.name}: {_CONTENT} is not the file that was written")
    return content.getvalue()


__all__ = [
    "TABLES",
    "KeySet",
    "check",
    "counted",
    "excluded",
    "keep",
    "load",
    "names",
    "needed",
    "newest",
    "opened",
    "pieces",
]
