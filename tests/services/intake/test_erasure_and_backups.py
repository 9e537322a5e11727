"""An erasure reaches the backups: an older one that is restored shows the person unreadable, and whoever opens its files
finds no key. Guards docs/invariants/an-erasure-reaches-the-backups.md."""

import asyncio
import json
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from shared.backups import apart, keeping
from shared.backups.failures import Unfinished
from shared.backups.making import renew_key_set
from shared.backups.manifest import Manifest
from shared.backups.programs import environment, programs_for
from shared.backups.sealing import recipients
from shared.clock import system_clock
from shared.database import Database
from shared.security import Role
from shared.testing.clock import FrozenClock
from tests.services.intake.conftest import Intake
from tests.support.backups import Installation
from tests.support.identities import number_of
from tests.support.web import Stage, problem

pytestmark = pytest.mark.timeout(300)
ONLY = ["intake"]
BORN_1958 = date(1958, 3, 4)


@pytest.fixture
async def opened(installation: Installation, stage: Stage, frozen_clock: FrozenClock) -> Intake:
    database = Database((await installation.access("intake")).url, pool=4)
    await database.start()
    return Intake(database, stage, frozen_clock)


async def again(installation: Installation, before: Intake) -> Intake:
    """The same service on the restored database."""
    database = Database((await installation.access("intake")).url, pool=4)
    await database.start()
    return before.another_process(database)


async def opened_dump(installation: Installation, made: Manifest, folder: Path) -> bytes:
    """All of a backup's dump as SQL, as anybody reads it who has the private key."""
    target = await installation.target("intake")
    out = folder / "dump.sql"
    words = [programs_for(made.databases["intake"].server).pg_restore, "--format=custom", f"--file={out}"]
    reader = keeping.Reader(words, "reading", environment(target.url("postgres"), "postgres"))
    with installation.place.reading(made.name, made.databases["intake"].file.name) as sealed:
        await asyncio.to_thread(keeping.feed, reader, sealed, installation.identities)
    return out.read_bytes()


async def keys_of(intake: Intake) -> dict[str, bytes]:
    return {
        str(row.resident): bytes(row.wrapped)
        for row in await intake.rows("SELECT resident, wrapped FROM resident_key")
    }


async def renewed(installation: Installation) -> apart.KeySet:
    to = recipients([installation.recipient], [])
    later = system_clock()
    return await renew_key_set(
        await installation.targets(ONLY), installation.place, to, clock=lambda: later.replace(year=2030)
    )


async def test_an_older_backup_restored_shows_an_erased_person_unreadable(
    installation: Installation, opened: Intake, tmp_path: Path
) -> None:
    gone = await opened.resident(
        phone="19900000001", id_number=number_of(BORN_1958, 2), external={"source": "web", "ref": "1"}
    )
    stays = await opened.resident(name="李四", phone="19900000002")
    receipt = await opened.file(gone)
    kept = await opened.file(stays)
    keys = await keys_of(opened)
    made = await installation.back_up(ONLY)
    await opened.as_(Role.RESIDENT, gone).delete(f"/v1/residents/{gone}")
    await renewed(installation)
    await opened.database.stop()

    content = await opened_dump(installation, made, tmp_path)
    assert receipt["id"].encode() in content, "the request stands in the old backup"
    assert not any(key.hex().encode() in content for key in keys.values()), "and no key does"
    assert len(apart.names(installation.place)) == 1, "nor an older key set beside it"

    await installation.destroy(ONLY)
    await installation.restore(made, ONLY)
    restored = await again(installation, opened)
    problem(
        await restored.as_().get(f"/v1/residents/{gone}", headers={"X-Purpose": "visit"}),
        410,
        "resident-erased",
    )
    assert (await restored.read(receipt["id"]))["body"] is None
    assert (await restored.read(kept["id"]))["body"] is not None
    for question, found in (
        ({"phone": "19900000001"}, []),
        ({"id_number": number_of(BORN_1958, 2)}, []),
        ({"external": {"source": "web", "ref": "1"}}, []),
        ({"phone": "19900000002"}, [stays]),
    ):
        answer = await restored.as_().post("/v1/residents/find", json=question)
        assert answer.json() == {"residents": found}
    assert set(await keys_of(restored)) == {stays}
    (row,) = await restored.rows(
        f"SELECT name, phone, id_number, gender FROM resident WHERE id = '{gone}'"  # noqa: S608 - a UUID
    )
    assert set(row) == {None}
    certificate = (await restored.as_(Role.HEAD, "head-1").get(f"/v1/erasures/{gone}")).json()
    assert (certificate["reason"], certificate["holds"]) == ("again", True)
    told = [event["resident"] for event in await restored.published("resident.erased")]
    assert told == [gone], "the other services, restored too, are told again"
    await restored.database.stop()


async def test_a_backup_without_a_later_erasure_comes_back_whole(
    installation: Installation, opened: Intake
) -> None:
    resident = await opened.resident(phone="19900000001", external={"source": "web", "ref": "1"})
    before = await installation.sums("intake")
    made = await installation.back_up(ONLY)
    await opened.database.stop()
    await installation.destroy(ONLY)
    await installation.restore(made, ONLY)
    assert await installation.sums("intake") == before
    restored = await again(installation, opened)
    record = await restored.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"})
    assert record.json()["phone"] == "19900000001"
    await restored.database.stop()


async def test_a_key_set_that_is_older_than_the_backup_ends_it_before_anything_is_touched(
    installation: Installation, opened: Intake
) -> None:
    """Residents who came between the two would be taken for erased."""
    await opened.resident()
    made = await installation.back_up(ONLY)
    (name,) = apart.names(installation.place)
    assert made.apart == name
    manifest = Path(installation.place.address) / name / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "seen_at": "2020-01-01T00:00:00+00:00"}))
    await opened.database.stop()
    with pytest.raises(Unfinished):
        await installation.restore(made, ONLY)
    assert (await installation.target("intake")).database in await installation.databases()


async def test_without_a_key_set_nothing_is_restored(installation: Installation, opened: Intake) -> None:
    made = await installation.back_up(ONLY)
    (name,) = apart.names(installation.place)
    installation.place.remove(name, "manifest.json")
    await opened.database.stop()
    with pytest.raises(Unfinished):
        await installation.restore(made, ONLY)


async def test_a_new_key_set_no_longer_has_the_key_and_the_old_one_is_gone(
    installation: Installation, opened: Intake
) -> None:
    gone, stays = await opened.resident(), await opened.resident()
    keys = await keys_of(opened)
    await installation.back_up(ONLY)
    (first,) = apart.names(installation.place)
    await opened.as_(Role.RESIDENT, gone).delete(f"/v1/residents/{gone}")
    key_set = await renewed(installation)
    assert apart.names(installation.place) == [key_set.name] != [first]
    content = b"".join(
        line.encode()
        for _, lines in apart.pieces(apart.opened(installation.place, key_set, installation.identities))
        for line in lines
    )
    assert keys[stays].hex().encode() in content
    assert keys[gone].hex().encode() not in content
    await opened.database.stop()


async def test_what_is_kept_apart_is_what_the_database_has(installation: Installation) -> None:
    """The names in `shared.backups.apart` are those of intake's tables, and each row has an owner by a foreign key."""
    access = await installation.access("intake")
    connection = await asyncpg.connect(access.owner_url)
    try:
        for table, (column, owner) in apart.TABLES["intake"].items():
            found = await connection.fetchval(
                "SELECT count(*) FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
                " WHERE contype = 'f' AND conrelid = $1::regclass AND confrelid = $2::regclass AND attname = $3",
                f"public.{table}",
                f"public.{owner}",
                column,
            )
            assert found == 1, table
        # Whatever else is called a wrapped key or a blind index belongs there too.
        columns = await connection.fetch(
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'"
            " AND (column_name LIKE '%index%' OR column_name = ANY ($1))",
            ["wrapped", "wrapped_key", "data_key"],
        )
    finally:
        await connection.close()
    assert {row["table_name"] for row in columns} - {"resident"} <= set(apart.TABLES["intake"])
