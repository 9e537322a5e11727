"""A folder and a bucket keep the same promises."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from services.intake.attachments.rules import AttachmentsOff, AttachmentsUnavailable
from services.intake.attachments.stores import Bucket, Folder, Missing, Off, Store, new_name, open_store


@dataclass
class Places:
    """The settings that a store is opened by."""

    attachments_folder: Path | None = None
    attachments_s3_bucket: str | None = None
    attachments_s3_endpoint: str | None = None
    attachments_s3_region: str | None = "cn-north-1"
    attachments_s3_key_id: str | None = "key"
    attachments_s3_secret: SecretStr | None = field(default_factory=lambda: SecretStr("secret"))


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[str]:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def opened(places: Places) -> Store:
    return open_store(places)  # type: ignore[arg-type]  # what it reads of the settings


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return opened(Places(attachments_folder=tmp_path))
    endpoint = request.getfixturevalue("bucket_server")
    bucket = f"attachments-{secrets.token_hex(8)}"
    found = opened(Places(attachments_s3_bucket=bucket, attachments_s3_endpoint=endpoint))
    assert isinstance(found, Bucket)
    found._client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "cn-north-1"})
    return found


async def names(store: Store, tenant: str) -> list[str]:
    return [stored.name async for page in store.listing(tenant) for stored in page]


async def test_what_is_put_is_got_until_it_is_removed(store: Store) -> None:
    name, content = new_name("longxi"), os.urandom(100_000)
    await store.put(name, content)
    assert await store.get(name) == content
    assert [name] == await names(store, "longxi")
    assert await names(store, "long") == []
    await store.remove(name)
    await store.remove(name)
    with pytest.raises(Missing):
        await store.get(name)


async def test_what_a_crash_left_is_listed_and_can_be_removed(tmp_path: Path) -> None:
    store, name = opened(Places(attachments_folder=tmp_path)), new_name("longxi")
    await store.put(name, b"x")
    (tmp_path / f"{name}.part").write_bytes(b"x")
    assert sorted(await names(store, "longxi")) == [name, f"{name}.part"]
    await store.remove(f"{name}.part")
    assert await names(store, "longxi") == [name]
    with pytest.raises(ValueError, match="not the name"):
        await store.remove("longxi/../other.part")


async def test_what_there_is_comes_in_pages(store: Store) -> None:
    if isinstance(store, Bucket):
        store = Bucket(store._client, store._bucket, page=2)
    put = {f"pages/{letters}/{letters * 16}" for letters in ("0a", "1b", "2c", "3d", "4e")}
    for name in put:
        await store.put(name, b"x")
    pages = [page async for page in store.listing("pages")]
    assert {stored.name for page in pages for stored in page} == put
    assert len(pages) > 2
    assert max(map(len, pages)) <= 2


async def test_a_store_that_cannot_be_reached_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(AttachmentsUnavailable):
        await Folder(tmp_path / "file").put(new_name("longxi"), b"x")
    away = opened(Places(attachments_s3_bucket="attachments", attachments_s3_endpoint="http://127.0.0.1:9"))
    with pytest.raises(AttachmentsUnavailable):
        await away.get(new_name("longxi"))


async def test_without_a_place_there_is_none() -> None:
    nowhere = opened(Places())
    assert isinstance(nowhere, Off)
    with pytest.raises(AttachmentsOff):
        await nowhere.put(new_name("longxi"), b"x")
    assert await names(nowhere, "longxi") == []


async def test_names_are_drawn_at_random() -> None:
    assert len({new_name("longxi") for _ in range(1000)}) == 1000
