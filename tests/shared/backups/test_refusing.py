"""What is not whole, not meant, or not all of it is refused, before anything is touched."""

import asyncio
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from shared.backups import keeping, manifest, sealing
from shared.backups.cutting import cut
from shared.backups.failures import (
    BackupFailed,
    Damaged,
    InUse,
    NotAllRows,
    NotEmpty,
    Unfinished,
    WrongIdentity,
    WrongVersion,
)
from shared.backups.manifest import Manifest
from shared.backups.places import Folder
from shared.backups.programs import programs_for
from shared.backups.restoring import How
from tests.support.backups import Installation

ONE = ("employment",)
OLD = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
async def made(installation: Installation) -> Manifest:
    """A backup of one database with some rows of two communities."""
    await _fill(installation)
    return await installation.back_up(ONE)


async def _fill(installation: Installation) -> None:
    connection = await asyncpg.connect((await installation.target("employment")).url())
    try:
        for tenant, rows in (("longxi", 3), ("hongqiao", 2)):
            await connection.execute("SELECT set_config('longxi.tenant', $1, false)", tenant)
            for number in range(rows):
                await connection.execute(
                    "SELECT outbox_record($1, 'employment.events', $1, 'vacancy.opened', now(), $1, NULL, NULL, 'x', '{}')",
                    f"019a0000-0000-7000-8000-00000000{rows}{number:03}",
                )
    finally:
        await connection.close()


def _file(installation: Installation, made: Manifest, name: str) -> Path:
    folder = installation.place
    assert isinstance(folder, Folder)
    return Path(folder.address) / made.name / name


def _turned(path: Path) -> None:
    """One bit of it, somewhere behind the header."""
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(bytes(content))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


@pytest.mark.parametrize("harm", [_turned, _cut, Path.unlink], ids=["changed", "cut short", "missing"])
async def test_a_damaged_file_is_found_and_nothing_is_touched(
    installation: Installation, made: Manifest, harm: Callable[[Path], None]
) -> None:
    before, there = await installation.sums("employment"), await installation.databases()
    harm(_file(installation, made, "employment.dump.age"))
    with pytest.raises(Damaged):
        await installation.restore(made, ONE, How(replace=True))
    assert await installation.sums("employment") == before
    assert await installation.databases() == there


async def test_a_changed_manifest_is_found(installation: Installation, made: Manifest) -> None:
    path = _file(installation, made, manifest.FILE)
    path.write_text(path.read_text().replace('"migration": "', '"migration": "9'))
    with pytest.raises(Damaged):
        await keeping.verify(installation.place, made.name)


async def test_a_backup_without_a_manifest_is_unfinished(installation: Installation, made: Manifest) -> None:
    _file(installation, made, manifest.FILE).unlink()
    with pytest.raises(Unfinished):
        await keeping.verify(installation.place, made.name)
    with pytest.raises(BackupFailed, match="no finished backup"):
        keeping.newest(installation.place)
    (listed,) = keeping.list_backups(installation.place)
    assert listed.manifest is None


async def test_a_backup_that_fails_on_the_way_is_unfinished(installation: Installation) -> None:
    """Its account may not read one of the tables."""
    target = await installation.target("employment")
    admin = await asyncpg.connect(target.url())
    try:
        await admin.execute("DROP ROLE IF EXISTS longxi_test_half")
        await admin.execute("CREATE ROLE longxi_test_half LOGIN BYPASSRLS PASSWORD 'half'")
        await admin.execute(f'GRANT CONNECT ON DATABASE "{target.database}" TO longxi_test_half')
        await admin.execute("GRANT pg_maintain TO longxi_test_half")
        await admin.execute("GRANT USAGE ON SCHEMA public, partitions TO longxi_test_half")
        await admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public, partitions TO longxi_test_half")
        await admin.execute("REVOKE SELECT ON vacancy FROM longxi_test_half")
        half = replace(target, admin_url=_as(installation.admin_url, "longxi_test_half", "half"))
        installation.accesses.clear()
        with pytest.raises(NotAllRows, match="vacancy"):
            await installation.back_up_of([half])
        assert not [one for one in keeping.list_backups(installation.place) if one.manifest is not None]
    finally:
        await admin.execute("DROP OWNED BY longxi_test_half")
        await admin.execute("DROP ROLE longxi_test_half")
        await admin.close()


async def test_another_identity_opens_nothing(installation: Installation, made: Manifest) -> None:
    private, _ = sealing.new_identity()
    other = installation.folder / "other.txt"
    other.write_text(private)
    installation.identities = sealing.identities(other)
    before = await installation.databases()
    with pytest.raises(WrongIdentity):
        await installation.restore(made, ONE, How(replace=True))
    assert await installation.databases() == before


async def test_a_database_that_holds_something_is_not_written_into(
    installation: Installation, made: Manifest
) -> None:
    before = await installation.sums("employment")
    with pytest.raises(NotEmpty, match="--replace"):
        await installation.restore(made, ONE)
    assert await installation.sums("employment") == before


async def test_a_database_that_is_in_use_is_not_replaced(installation: Installation, made: Manifest) -> None:
    service = await asyncpg.connect(
        (await installation.access("employment")).url,
        server_settings={"application_name": "longxi-employment-api"},
    )
    try:
        with pytest.raises(InUse, match="longxi-employment-api"):
            await installation.restore(made, ONE, How(replace=True))
    finally:
        await service.close()


async def test_rows_that_do_not_arrive_are_noticed_and_the_old_database_stays(
    installation: Installation, made: Manifest
) -> None:
    """The manifest says one row more than the dump has: what was restored does not take its place."""
    entry = made.databases["employment"]
    rows = {**entry.rows, "public.vacancy": entry.rows["public.vacancy"] + 1}
    forged = replace(made, databases={"employment": replace(entry, rows=rows)})
    _file(installation, made, manifest.FILE).write_text(forged.text())
    before, there = await installation.sums("employment"), await installation.databases()
    with pytest.raises(Damaged, match=r"public\.vacancy"):
        await installation.restore(forged, ONE, How(replace=True))
    assert await installation.sums("employment") == before
    assert await installation.databases() == there, "nothing half restored is left"


async def test_a_rehearsal_restores_compares_and_leaves_nothing(
    installation: Installation, made: Manifest
) -> None:
    before, there = await installation.sums("employment"), await installation.databases()
    assert await installation.restore(made, ONE, How(rehearse=True)) is None
    assert await installation.sums("employment") == before
    assert await installation.databases() == there


async def test_the_owner_of_the_tables_cannot_make_a_backup(installation: Installation) -> None:
    """Row-level security binds it too; asked nicely, pg_dump would give a part of the rows and say nothing."""
    await _fill(installation)
    target = await installation.target("employment")
    owner = replace(target, admin_url=(await installation.access("employment")).owner_url)
    with pytest.raises(NotAllRows, match="BYPASSRLS"):
        await installation.back_up_of([owner])
    assert installation.place.names() == []


async def test_an_account_that_may_only_read_everything_suffices(installation: Installation) -> None:
    """As docs/backup.md has it: no superuser on the machine that makes the backups."""
    await _fill(installation)
    target = await installation.target("employment")
    await _run(
        installation.admin_url,
        "CREATE ROLE longxi_test_backup LOGIN BYPASSRLS PASSWORD 'backup'",
        "GRANT pg_read_all_data, pg_maintain TO longxi_test_backup",
        f'GRANT CONNECT ON DATABASE "{target.database}" TO longxi_test_backup',
    )
    try:
        reader = replace(target, admin_url=_as(installation.admin_url, "longxi_test_backup", "backup"))
        made = await installation.back_up_of([reader])
    finally:
        await _run(
            installation.admin_url,
            f'REVOKE CONNECT ON DATABASE "{target.database}" FROM longxi_test_backup',
            "DROP ROLE longxi_test_backup",
        )
    rows = made.databases["employment"].rows
    assert sum(number for name, number in rows.items() if name.startswith("partitions.outbox_2")) == 5
    before = await installation.sums("employment")
    await installation.restore(made, ONE, How(replace=True))
    assert await installation.sums("employment") == before


@pytest.mark.skipif(not (OLD / "pg_dump").exists(), reason="no older pg_dump on this machine")
async def test_programs_older_than_the_server_are_not_used(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await installation.target("employment")
    monkeypatch.setenv("LONGXI_POSTGRES_BIN", str(OLD))
    with pytest.raises(WrongVersion, match="install the client programs"):
        await installation.back_up(ONE)
    assert installation.place.names() == []


def test_the_programs_are_those_of_the_server_or_the_next_newer() -> None:
    assert programs_for(1).major >= 15
    with pytest.raises(WrongVersion):
        programs_for(99)


async def test_a_restore_of_an_older_server_is_refused(installation: Installation, made: Manifest) -> None:
    entry = made.databases["employment"]
    forged = replace(made, databases={"employment": replace(entry, server=entry.server + 1)})
    _file(installation, made, manifest.FILE).write_text(forged.text())
    with pytest.raises(WrongVersion):
        await installation.restore(forged, ONE, How(replace=True))


async def test_a_manifest_says_nothing_of_anybody(installation: Installation, made: Manifest) -> None:
    content = json.loads(made.text())
    assert set(content) == {
        "apart",
        *("name", "longxi", "started_at", "finished_at", "dumped_by", "databases", "keys", "recipients"),
        *("format", "sum"),
    }
    assert set(content["databases"]["employment"]) == {
        *("file", "database", "role", "server", "migration", "seen_at", "rows", "guarded"),
    }
    assert content["databases"]["employment"]["migration"] == "0002"


async def test_the_cut_waits_for_whoever_applies_events(installation: Installation) -> None:
    """So no snapshot shows an event applied that its publisher's snapshot does not have."""
    target = await installation.target("employment")
    applying = await asyncpg.connect(target.url())
    try:
        transaction = applying.transaction()
        await transaction.start()
        await applying.execute(
            "INSERT INTO inbox_stream (aggregate, topic, consumer, sequence, highest, version)"
            " VALUES ('019a0000-0000-7000-8000-000000000001', 'intake.events', 'employment', 1, 1, 1)"
        )

        async def seen() -> int:
            async with cut([target]) as (snapshot,):
                found: int = await snapshot.connection.fetchval("SELECT count(*) FROM inbox_stream")
                return found

        waiting = asyncio.create_task(seen())
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await transaction.commit()
        assert await waiting == 1
    finally:
        await applying.close()


def _as(url: str, user: str, password: str) -> str:
    return f"postgresql://{user}:{password}@{url.split('@', 1)[1]}"


async def _run(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
