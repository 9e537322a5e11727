"""Key files come back where they are missing, and are never lost; a master key changes step by step."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import LargeBinary

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.backups import key_files, master_keys
from shared.backups.failures import Damaged, NotEmpty
from shared.backups.key_files import KeyFile
from shared.backups.wrapped import COLUMNS, master_keys_in_use
from shared.database import Database, Keyring, Undecipherable
from shared.database.rewrapping import rewrap, tenants_with_events
from tests.support.backups import Installation

NOW = datetime(2026, 11, 28, 8, 30, tzinfo=UTC)
FILES = [
    KeyFile("keys/intake-master-keys.json", b"{}", 0o640, 0, 0),
    KeyFile("postgres-admin-password", b"p", 0o600, 0, 0),
]


def test_files_come_back_with_their_modes_and_the_same_ones_stay(tmp_path: Path) -> None:
    done = key_files.restore(FILES, tmp_path, replace=False, now=NOW)
    assert list(done.written) == [file.name for file in FILES]
    path = tmp_path / "keys" / "intake-master-keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    again = key_files.restore(FILES, tmp_path, replace=False, now=NOW)
    assert (list(again.written), list(again.kept)) == ([], [file.name for file in FILES])
    assert key_files.unpack(key_files.pack(key_files.read(tmp_path))) == key_files.read(tmp_path)


def test_a_different_file_is_not_written_over_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "postgres-admin-password").write_bytes(b"another")
    with pytest.raises(NotEmpty, match="postgres-admin-password"):
        key_files.restore(FILES, tmp_path, replace=False, now=NOW)
    assert not (tmp_path / "keys").exists()


def test_what_is_replaced_stays_beside_it(tmp_path: Path) -> None:
    (tmp_path / "postgres-admin-password").write_bytes(b"another")
    done = key_files.restore(FILES, tmp_path, replace=True, now=NOW)
    old = done.set_aside["postgres-admin-password"]
    assert (tmp_path / old).read_bytes() == b"another"
    assert (tmp_path / "postgres-admin-password").read_bytes() == b"p"
    assert old not in {file.name for file in key_files.read(tmp_path)}


@pytest.mark.parametrize("name", ["../outside", "/etc/outside"])
def test_an_archive_that_points_outside_is_refused(name: str) -> None:
    with pytest.raises(Damaged):
        key_files.unpack(key_files.pack([KeyFile(name, b"", 0o600, 0, 0)]))


def test_only_what_is_asked_for_is_taken() -> None:
    assert [file.name for file in key_files.selected(FILES, ["keys/*"])] == ["keys/intake-master-keys.json"]
    assert key_files.selected(FILES, []) == FILES


def test_a_master_key_is_added_used_and_removed_and_the_file_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "intake-master-keys.json"
    Keyring.write_new(file)
    file.chmod(0o640)
    before = Keyring.load(file)
    key = before.new_data_key()

    assert master_keys.add_master_key(file) == "2"
    assert Keyring.load(file).current == "1", "nothing is sealed under it before every process has it"
    assert master_keys.use_master_key(file) == "2"
    after = Keyring.load(file)
    assert after.current == "2"
    assert after.unwrap(key.wrapped).decrypt(key.encrypt("x", context="c"), context="c") == "x"
    assert before.blind_index("1", purpose="p") == after.blind_index("1", purpose="p")
    with pytest.raises(ValueError, match="current"):
        master_keys.remove_master_key(file, "2")
    master_keys.remove_master_key(file, "1")
    with pytest.raises(Undecipherable):
        Keyring.load(file).unwrap(key.wrapped)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(json.loads(file.read_text())["keys"]) == ["2"]
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_every_column_of_wrapped_keys_is_known_to_its_service_and_found_by_its_name() -> None:
    for service in (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS):
        named = {
            (table.name, column.name)
            for table in service.metadata.tables.values()
            for column in table.columns
            if column.name in COLUMNS and isinstance(column.type, LargeBinary)
        }
        assert named == {(place.table, place.column) for place in service.wrapped}, service.name


async def test_keys_are_wrapped_anew_for_all_communities_beside_a_process_that_still_seals_under_the_old_one(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "intake-master-keys.json"
    Keyring.write_new(file)
    old = Keyring.load(file)
    master_keys.rotate_master_key(file)
    new = Keyring.load(file)
    database = Database((await installation.access("intake")).url, pool=2)
    target = await installation.target("intake")
    await database.start()
    admin = await asyncpg.connect(target.url())
    try:
        keys = {
            tenant: [old.new_data_key() for _ in range(number)] for tenant, number in _COMMUNITIES.items()
        }
        for tenant, held in keys.items():
            for number, key in enumerate(held):
                await _resident(admin, tenant, number, key.wrapped)
        await admin.execute(
            "INSERT INTO outbox_stream (aggregate, topic, tenant, sequence)"
            " VALUES (gen_random_uuid(), 'intake.events', 'hongqiao', 1)"
        )
        assert await master_keys_in_use(target) == {"1": 1203}

        tenants = {"longxi", *await tenants_with_events(database)}
        first = await rewrap(database, new, INTAKE.wrapped, sorted(tenants))
        assert (first.done, first.left) == (1203, {})
        assert await master_keys_in_use(target) == {"2": 1203}
        row = await admin.fetchrow("SELECT wrapped FROM resident_key WHERE tenant = 'hongqiao' LIMIT 1")
        sealed = new.unwrap(row["wrapped"]).encrypt("x", context="c")
        assert any(key.decrypt(sealed, context="c") == "x" for key in keys["hongqiao"] if _opens(key, sealed))

        await _resident(admin, "longxi", 5000, old.new_data_key().wrapped)
        again = await rewrap(database, new, INTAKE.wrapped, ["longxi"])
        assert (again.done, again.left) == (1, {}), "only what was new"
        await _resident(admin, "longxi", 5001, new.new_data_key().wrapped)
        unknown = await rewrap(database, old, INTAKE.wrapped, ["longxi"])
        assert unknown.left == {"2": 1202}, "a file that lacks a key says so, and is not done"
    finally:
        await admin.close()
        await database.stop()


_COMMUNITIES = {"longxi": 1200, "hongqiao": 3}


def _opens(key: object, sealed: bytes) -> bool:
    try:
        key.decrypt(sealed, context="c")  # type: ignore[attr-defined]
    except Undecipherable:
        return False
    return True


async def _resident(admin: asyncpg.Connection, tenant: str, number: int, wrapped: bytes) -> None:
    id = f"019a0000-0000-7000-8000-{len(tenant):04}{number:08}"
    await admin.execute(
        "INSERT INTO resident (tenant, id, language, version, created) VALUES ($1, $2, 'zh', 1, now())",
        tenant,
        id,
    )
    await admin.execute(
        "INSERT INTO resident_key (tenant, resident, wrapped) VALUES ($1, $2, $3)", tenant, id, wrapped
    )
