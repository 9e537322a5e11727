"""A person is erased on a running platform; then everything that it holds is looked through: every column of every table,
topics, caches, logs, traces, the key set, and the dumps of a backup from before the erasure, opened by the private key.

Nothing of them stands there in clear, and nothing can be deciphered: every wrapped key that is found anywhere is opened by
the master keys and tried on every piece of bytes, and no blind index of what was theirs is found.
"""

import asyncio
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from services.intake.residents.queries import ID_NUMBER, PHONE
from services.intake.residents.rules import FIELDS
from shared.backups import apart, keeping
from shared.backups.making import renew_key_set
from shared.backups.manifest import Manifest
from shared.backups.programs import environment, programs_for
from shared.backups.sealing import recipients
from shared.clock import system_clock
from shared.database import DataKey, Keyring, Undecipherable
from shared.testing.clock import RunningClock
from tests.support.backups import Installation
from tests.support.community import Community
from tests.support.everywhere import Piece, everything
from tests.support.identities import number_of
from tests.support.overhearing import overheard
from tests.support.platform import Ground, Platform, working_morning
from tests.support.privacy import Words

pytestmark = pytest.mark.timeout(480)
NAME, PHONE_NUMBER, EMAIL = "赫连望舒", "19900773191", "he.lian.7791@longxi.example"
ADDRESS, SUBJECT, BODY = "龙溪花园9栋47单元1802室", "半夜有人砸窗", "患有罕见紫斑症"
ID, FRIEND = number_of(date(1937, 4, 12), 1), "东方既白"
WORDS = Words([NAME, PHONE_NUMBER, EMAIL, ADDRESS, SUBJECT, BODY, ID, FRIEND])
_HEX = re.compile(rb"\\\\?x((?:[0-9a-f]{2}){20,})")


@pytest.fixture(
    params=["embedded", pytest.param("kafka-redis", marks=[pytest.mark.kafka, pytest.mark.redis])]
)
def ground(request: pytest.FixtureRequest, installation: Installation, tmp_path: Path) -> Ground:
    """Databases that can be backed up, on the embedded parts alone, and with Apache Kafka and Redis."""
    keys = tmp_path / "secrets"
    keys.mkdir()
    own = (installation.access, installation.admin_url, keys)
    if request.param == "embedded":
        return Ground(None, request.getfixturevalue("local_log_url"), None, *own)
    return Ground(request.getfixturevalue("kafka"), None, request.getfixturevalue("redis_url"), *own)


async def test_nothing_of_an_erased_person_is_left_anywhere(
    installation: Installation, ground: Ground, tmp_path: Path
) -> None:
    clock = RunningClock(working_morning(system_clock()))
    async with Platform(ground, clock).up() as platform:
        community = Community(platform)
        head = community.head("intake")
        async with overheard(platform) as heard:
            resident, request = await _live(community)
            await platform.settle()
            made = await installation.back_up(keys=ground.folder)
            before = await _pieces(installation, made, tmp_path)
            keyring = Keyring.load(ground.folder / "intake-keys.json")
            assert _deciphered(keyring, before, resident, request), (
                "with its key set it can be read: the search works"
            )
            await head.delete(f"/v1/residents/{resident}")
            await platform.settle()
            await renew_key_set(
                await installation.targets(["intake"]),
                installation.place,
                recipients([installation.recipient], []),
                clock=lambda: system_clock().replace(year=2030),
            )
        pieces = await everything(platform, heard.spans, heard.log, heard.calls)
        pieces += await _pieces(installation, made, tmp_path)
        assert {place.split(" ")[0] for place, _ in pieces} >= {"table", "topic", "log", "dump", "key"}
        assert not WORDS.found(pieces)
        assert not _deciphered(keyring, pieces, resident, request)
        indexes = [
            keyring.blind_index(PHONE_NUMBER, purpose=PHONE),
            keyring.blind_index(ID, purpose=ID_NUMBER),
        ]
        for place, content in pieces:
            assert not any(index in content or index.hex().encode() in content for index in indexes), place
        certificate = await head.get(f"/v1/erasures/{resident}")
        assert certificate["holds"]


async def _live(community: Community) -> tuple[UUID, UUID]:
    """Somebody gives all that they can give."""
    worker = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
    await community.grid(worker, catch_all=True, kind="area")
    await community.platform.settle()
    resident = await community.resident(NAME, phone=PHONE_NUMBER, email=EMAIL, address=ADDRESS, id_number=ID)
    await community.resident("司徒婉清", phone="19900001001")  # who stays, and whose key the key set has
    head = community.head("intake")
    path = f"/v1/residents/{resident}"
    contact = {"name": FRIEND, "phone": "19900773102", "relation": "child"}
    await head.replace(f"{path}/emergency-contacts", {"contacts": [contact]}, at=path)
    await head.post("/v1/households", {"head": str(resident), "number": "H-1", "address": ADDRESS})
    filed = await community.file(resident, SUBJECT, BODY, address=ADDRESS)
    await head.get(path)
    return resident, filed.id


async def _pieces(installation: Installation, made: Manifest, folder: Path) -> list[Piece]:
    """The dumps and the newest key set, as anybody sees them who has the private key of backups."""
    found: list[Piece] = []
    for service, entry in made.databases.items():
        target, out = await installation.target(service), folder / f"{service}.sql"
        words = [programs_for(entry.server).pg_restore, "--format=custom", f"--file={out}"]
        reader = keeping.Reader(words, "reading", environment(target.url("postgres"), "postgres"))
        with installation.place.reading(made.name, entry.file.name) as sealed:
            await asyncio.to_thread(keeping.feed, reader, sealed, installation.identities)
        found += [(f"dump of {service}", line) for line in out.read_bytes().splitlines()]
    key_set = apart.newest(installation.place)
    assert key_set is not None
    packed = apart.opened(installation.place, key_set, installation.identities)
    with gzip.GzipFile(fileobj=io.BytesIO(packed)) as lines:
        found += [("key set", line) for line in lines]
    return found


def _deciphered(keyring: Keyring, pieces: Iterable[Piece], resident: UUID, request: UUID) -> list[str]:
    """Whatever of the person some key that is found somewhere opens."""
    blobs = {blob for _, content in pieces for blob in _blobs(content)}
    keys = [key for blob in blobs if (key := _unwrapped(keyring, blob)) is not None]
    contexts = [f"resident.{field}:{resident}" for field in FIELDS]
    contexts += [f"request.{field}:{request}" for field in ("subject", "body", "address", "evidence")]
    sealed = [blob for blob in blobs if blob[:1] == b"\x01"]
    return [
        text
        for key in keys
        for blob in sealed
        for context in contexts
        if (text := _opened(key, blob, context))
    ]


def _blobs(content: bytes) -> Iterator[bytes]:
    yield content
    for match in _HEX.finditer(content):
        yield bytes.fromhex(match[1].decode())
    try:
        values = json.loads(content.partition(b"\t")[2] or b"null")
    except ValueError:
        return
    for value in values.values() if isinstance(values, dict) else ():
        if isinstance(value, str) and value.startswith("\\x"):
            yield bytes.fromhex(value[2:])


def _unwrapped(keyring: Keyring, blob: bytes) -> DataKey | None:
    # A wrapped key is its master key's name, then 61 bytes: version, nonce, key, tag.
    if not 62 <= len(blob) <= 320 or len(blob) != 1 + blob[0] + 61:
        return None
    try:
        return keyring.unwrap(blob)
    except (Undecipherable, ValueError):
        return None


def _opened(key: DataKey, blob: bytes, context: str) -> str | None:
    try:
        return key.decrypt(blob, context=context)
    except (Undecipherable, ValueError):
        return None
