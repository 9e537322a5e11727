"""A whole platform is backed up, lost, and comes back: with everything in it, and with its services in step."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from shared.backups import key_files
from shared.backups.cutting import cut
from shared.backups.losing import lost_since
from shared.backups.offsets import LocalOffsets
from shared.backups.restoring import How, Source, restore_keys
from shared.clock import system_clock
from shared.contracts.catalogue import SERVICES
from shared.testing.clock import RunningClock
from tests.support.backups import Installation
from tests.support.community import Community
from tests.support.platform import Ground, Platform, working_morning

pytestmark = pytest.mark.timeout(480)


def clock() -> RunningClock:
    return RunningClock(working_morning(system_clock()))


@pytest.fixture
def kept(installation: Installation, local_log_url: str, tmp_path: Path) -> Ground:
    """One platform after the other stands on it."""
    keys = tmp_path / "secrets"
    keys.mkdir()
    return Ground(None, local_log_url, None, installation.access, installation.admin_url, keys)


async def another_log(admin_url: str, name: str) -> str:
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
    finally:
        await admin.close()
    return f"{admin_url.rsplit('/', 1)[0]}/{name}"


async def drop(admin_url: str, url: str) -> None:
    admin = await asyncpg.connect(admin_url)
    try:
        await admin.execute(f'DROP DATABASE "{url.rsplit("/", 1)[1]}" WITH (FORCE)')
    finally:
        await admin.close()


async def test_after_the_loss_of_everything_all_is_there_and_what_was_erased_stays_so(
    installation: Installation, kept: Ground, tmp_path: Path
) -> None:
    async with Platform(kept, clock()).up() as platform:
        community = Community(platform)
        worker = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
        await community.grid(worker, catch_all=True, kind="area")
        resident = await community.resident("司徒婉清", phone="19900001001", address="龙溪花园3栋2单元202室")
        gone = await community.resident("闻人秋白", phone="19900001002")
        filed = await community.file(resident, "楼道灯坏了三天")
        await platform.settle()
        await community.head("intake").delete(f"/v1/residents/{gone}")
        await platform.settle()
    before = {service: await installation.sums(service) for service in SERVICES}

    made = await installation.back_up(keys=kept.folder)
    assert not [word for word in platform.private if word in made.text()]
    await installation.destroy()
    secrets = {file.name: file.content for file in key_files.read(kept.folder)}
    for path in kept.folder.rglob("*"):
        if path.is_file():
            path.unlink()
    await drop(installation.admin_url, str(kept.local_log_url))

    source = Source(installation.place, made, installation.identities)
    restored = restore_keys(source, kept.folder, [], replace=False)
    assert sorted(restored.written) == sorted(secrets)
    assert {file.name: file.content for file in key_files.read(kept.folder)} == secrets
    realigned = await installation.restore(made)

    assert {service: await installation.sums(service) for service in SERVICES} == before
    assert realigned is not None
    assert not realigned.ahead
    assert not any(realigned.behind.values())
    assert all(realigned.sent_again[service] for service in ("intake", "casework", "notifications"))
    await _guarded_as_before(installation)

    log = await another_log(installation.admin_url, str(kept.local_log_url).rsplit("/", 1)[1])
    async with Platform(replace(kept, local_log_url=log), clock()).up() as platform:
        community = Community(platform)
        await platform.settle()
        head = community.head("intake")
        shown = await head.get(f"/v1/residents/{resident}")
        assert (shown["name"], shown["phone"]) == ("司徒婉清", "19900001001")
        words = await community.resident_at("intake", resident).get(f"/v1/requests/{filed.id}")
        assert words["subject"] == "楼道灯坏了三天"
        assert (await head.refusal("GET", f"/v1/residents/{gone}"))[0] == 410
        seen = await community.head("casework").get(f"/v1/workers/{worker}")
        assert seen["name"] == "欧阳明瑾"
        told = [line["state"] for line in await community.messages(filed.id)]
        assert told
        assert set(told) == {"delivered"}, "nobody is told again of what they were told"
        again = await community.file(resident, "楼道灯又坏了")
        await platform.settle()
        assert (await community.request(again.id))["state"] == "dispatched"
        for running in platform.running.values():
            assert not await running.admin.fetchval("SELECT count(*) FROM held_event")


async def _guarded_as_before(installation: Installation) -> None:
    """The service's own account sees nothing without a scope, and has its rights."""
    access = await installation.access("intake")
    connection = await asyncpg.connect(access.url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM resident") == 0
        await connection.execute("SELECT set_config('longxi.tenant', 'longxi', false)")
        assert await connection.fetchval("SELECT count(*) FROM resident") == 2
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("SELECT count(*) FROM partitions.outbox_default")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE resident DISABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def test_no_snapshot_shows_an_event_applied_that_its_publishers_does_not_have(
    installation: Installation, kept: Ground
) -> None:
    async with Platform(kept, clock()).up() as platform:
        community = Community(platform)
        worker = await community.worker("欧阳明瑾")
        await community.grid(worker, catch_all=True, kind="area")
        resident = await community.resident("司徒婉清")

        async def file_on() -> None:
            while True:
                await community.file(resident, "楼道灯坏了三天")
                await asyncio.sleep(0.1)  # a resident's limit is 300 a minute

        filing = asyncio.create_task(file_on())
        applied = 0
        for _ in range(10):
            await asyncio.sleep(0.3)
            async with cut(await installation.targets()) as snapshots:
                told: dict[tuple[str, UUID], int] = {}
                for snapshot in snapshots:
                    told |= {
                        (row["topic"], row["aggregate"]): row["sequence"]
                        for row in await snapshot.connection.fetch(
                            "SELECT topic, aggregate, sequence FROM outbox_stream"
                        )
                    }
                for snapshot in snapshots:
                    for row in await snapshot.connection.fetch(
                        "SELECT topic, aggregate, sequence FROM inbox_stream"
                    ):
                        assert row["sequence"] <= told.get((row["topic"], row["aggregate"]), 0)
                        applied += 1
        assert not filing.done()
        filing.cancel()
        assert applied > 20, "there was traffic"
        await platform.settle(60)


@pytest.mark.parametrize("log_kept", [True, False], ids=["log kept", "log lost"])
@pytest.mark.parametrize("newer", ["casework", "intake"])
async def test_a_request_and_its_assignment_from_two_moments_come_right(
    installation: Installation, kept: Ground, newer: str, log_kept: bool
) -> None:
    """Older in one, newer in the other: the request filed and not assigned, or assigned and gone further."""
    async with Platform(kept, clock()).up() as platform:
        community = Community(platform)
        workers = [await community.worker(name) for name in ("欧阳明瑾", "上官慧兰", "诸葛文澜")]
        await community.grid(workers[0], catch_all=True, kind="area")
        resident = await community.resident("司徒婉清")
        await platform.settle()
        await platform.running["casework"].stop_worker()
        filed = await community.file(resident, "楼道灯坏了三天")
        earlier = await installation.back_up()
        await platform.running["casework"].start_worker()
        await platform.settle()
        assert (await community.request(filed.id))["state"] == "dispatched"
        first = (await community.case(filed.id))["worker"]
    later = await installation.back_up()

    older = "intake" if newer == "casework" else "casework"
    await installation.restore(later, how=How(replace=True))
    realigned = await installation.restore(earlier, [older], how=How(replace=True))
    assert realigned is not None
    log = str(kept.local_log_url)
    if log_kept:
        lost = await lost_since(LocalOffsets(log), earlier.moment, [await installation.target(older)])
        assert lost.by_type["worker.assigned" if older == "casework" else "request.accepted"] == 1
        await LocalOffsets(log).move(realigned.groups)
    else:
        await drop(installation.admin_url, log)
        log = await another_log(installation.admin_url, log.rsplit("/", 1)[1])
    assert {ahead.topic for ahead in realigned.ahead} == {f"{older}.events"}
    assert {newer, "notifications"} <= {ahead.consumer for ahead in realigned.ahead}
    if older == "casework":
        await _leaves(installation, first)  # casework, deciding anew, decides otherwise

    async with Platform(replace(kept, local_log_url=log), clock()).up() as platform:
        community = Community(platform)
        await platform.settle()
        case, request = await community.case(filed.id), await community.request(filed.id)
        assert request["state"] == "dispatched"
        shown = await community.head("intake").get(f"/v1/requests/{filed.id}")
        assert shown["worker"] == case["worker"]
        await community.handled(filed.id)
        await community.decide(filed.id, "verify")
        closed = await community.decide(filed.id, "close", {"outcome": "resolved"})
        assert closed["state"] == "closed"
        assert (await community.case(filed.id))["state"] == "closed"
        for running in platform.running.values():
            assert not await running.admin.fetchval("SELECT count(*) FROM held_event")
        assert (case["worker"] == first) == (older == "intake")


async def _leaves(installation: Installation, worker: str) -> None:
    connection = await asyncpg.connect((await installation.target("casework")).url())
    try:
        await connection.execute("UPDATE worker SET active = false WHERE id = $1", UUID(worker))
    finally:
        await connection.close()
