"""A folder and a bucket keep backups alike: whole or not at all, and never the newest one away."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.backups import keeping, manifest, sealing
from shared.backups.failures import BackupFailed, Damaged
from shared.backups.manifest import DatabaseEntry, File, Manifest
from shared.backups.places import Place, open_place
from tests.support.backups import Installation

BUCKET = "longxi-backups"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3's protocol over HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    if request.param == "folder":
        return open_place(str(tmp_path / "backups"))
    url: str = request.getfixturevalue("s3")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_ENDPOINT_URL_S3": url,
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    names = {entry["Name"] for entry in client.list_buckets()["Buckets"]}
    if BUCKET not in names:
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
    return open_place(f"s3://{BUCKET}/{tmp_path.name}")


def write(place: Place, name: str, file: str, content: bytes) -> None:
    with place.writing(name, file) as sink:
        sink.write(content)


def finish(place: Place, name: str) -> None:
    entry = DatabaseEntry(
        File("intake.dump.age", 1, "0"),
        "longxi_intake",
        "longxi_intake",
        18,
        "0002",
        "2026-11-28T08:30:00+00:00",
        {},
        0,
    )
    content = Manifest(name, "0.1.0", "", "", "18.1", {"intake": entry}, None, ())
    write(place, name, manifest.FILE, content.text().encode())


def test_a_file_is_there_whole_or_not_at_all(place: Place) -> None:
    name = "longxi-2026-11-28T083000Z"
    place.make(name)
    write(place, name, "a.age", b"one")
    with pytest.raises(RuntimeError), place.writing(name, "b.age") as sink:  # noqa: PT012 - the block fails
        sink.write(b"x" * (17 * 2**20))
        raise RuntimeError
    assert place.files(name) == ["a.age"]
    with place.reading(name, "a.age") as source:
        assert source.read() == b"one"
    with pytest.raises(Damaged), place.reading(name, "b.age"):
        pass
    with pytest.raises(BackupFailed):
        place.make(name)


def test_a_large_file_comes_back_as_it_was(place: Place) -> None:
    name = "longxi-2026-11-28T083000Z"
    place.make(name)
    piece = bytes(range(256)) * 4096
    with place.writing(name, "large.age") as sink:
        for _ in range(35):
            sink.write(piece)
    with place.reading(name, "large.age") as source:
        watched = sealing.Watched(source)
        while watched.read(2**20):
            pass
    assert watched.bytes == 35 * len(piece)


def test_old_backups_go_and_the_newest_finished_one_never(place: Place) -> None:
    names = [f"longxi-2026-11-{day:02}T083000Z" for day in (1, 10, 20, 28)]
    for name in names:
        place.make(name)
        write(place, name, "intake.dump.age", b"x")
    for name in (names[0], names[2]):
        finish(place, name)
    assert place.names() == names
    assert keeping.newest(place) == names[2]

    now = datetime(2026, 11, 28, 9, tzinfo=UTC)
    assert keeping.trim(place, timedelta(days=30), now) == []
    assert keeping.trim(place, timedelta(days=1), now) == names[:2], (
        "finished or not, but older than the newest"
    )
    assert place.names() == names[2:]
    assert keeping.trim(place, timedelta(days=1), now + timedelta(days=400)) == []


async def test_a_backup_is_made_checked_and_restored(place: Place, installation: Installation) -> None:
    installation.place = place
    await installation.target("employment")
    made = await installation.back_up(("employment",))
    assert [one.name for one in keeping.list_backups(place)] == [made.name]
    await keeping.verify(place, made.name, installation.identities)
    before = await installation.sums("employment")
    await installation.destroy(("employment",))
    await installation.restore(made, ("employment",))
    assert await installation.sums("employment") == before


def test_a_manifest_reads_as_it_was_written_and_no_other() -> None:
    entry = DatabaseEntry(
        File("a.age", 1, "0"), "d", "r", 18, "0002", "2026-11-28T08:30:00+00:00", {"public.a": 3}, 2
    )
    made = Manifest("n", "0.1.0", "s", "f", "18.1", {"intake": entry}, None, ("age1x",))
    assert Manifest.parse(made.text()) == made
    later = json.loads(replace(made, format=2).text())
    for text in ("", "{}", "[1]", made.text()[:-20], made.text().replace(": 3", ": 4"), json.dumps(later)):
        with pytest.raises(Damaged):
            Manifest.parse(text)


def test_what_is_no_place_is_said() -> None:
    for address in ("http://example/x", "s3://", "s3://Bad_Bucket/x"):
        with pytest.raises(BackupFailed):
            open_place(address)
