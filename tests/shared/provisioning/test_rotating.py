"""New secrets in the place of old ones, on a real PostgreSQL and a broker with the configuration of the containers."""

import asyncio
import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from typer.testing import CliRunner

from shared.command.main import app
from shared.kafka_access import KafkaAccess
from shared.local.postgres import PostgresServer
from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import LogError, LogOptions
from shared.provisioning import administrators, rotating
from shared.provisioning.databases import make_databases
from shared.provisioning.declared import Declared
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.rotating import names, rotate, with_password
from shared.provisioning.secrets import KAFKA_USERS, Hosts, check, init, required
from shared.security.signing import SigningKey
from shared.testing.kafka_jars import KafkaUnavailable
from tests.shared.provisioning.broker import SecuredBroker, prepare, secured_broker
from tests.support.requirements import missing

ADMIN = "kafka-admin-password"
POSTGRES = "postgres-admin-password"
NOWHERE = "127.0.0.1:1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init(tmp_path / "secrets", Hosts(), trial=False)
    return tmp_path / "secrets"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def modes(folder: Path) -> dict[Path, int]:
    return {path: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_every_secret_has_a_way(folder: Path) -> None:
    """Those that `rotate` does not change say what does."""
    elsewhere = {name for name in required() if name.startswith("tls/") or "master-keys" in name}
    with_another = {"postgres-admin-url", "redis-url", "keys/jwks/services.json"}

    assert set(names()) | elsewhere | with_another == set(required())


@pytest.mark.parametrize("name", [name for name in names() if name not in {ADMIN, POSTGRES}])
async def test_a_secret_is_changed_and_nothing_else(folder: Path, name: str) -> None:
    before = contents(folder)
    were = modes(folder)

    rotated = await rotate(folder, name, kafka=NOWHERE)

    after = contents(folder)
    assert {path for path in before if before[path] != after[path]} == set(rotated.files)
    assert set(before) == set(after)
    assert check(folder).wrong == []
    assert rotated.then
    assert modes(folder) == were


async def test_a_url_keeps_all_but_its_password(folder: Path) -> None:
    path = folder / "intake-database-url"
    path.write_text("postgresql://longxi_intake:old@db.example:6432/longxi_intake?sslmode=require")

    await rotate(folder, path.name, kafka=NOWHERE)

    url = urlsplit(path.read_text())
    assert (url.username, url.hostname, url.port) == ("longxi_intake", "db.example", 6432)
    assert (url.path, url.query) == ("/longxi_intake", "sslmode=require")
    assert url.password != "old"


async def test_the_password_and_the_url_of_redis_stay_the_same(folder: Path) -> None:
    await rotate(folder, "redis-password", kafka=NOWHERE)

    assert urlsplit((folder / "redis-url").read_text()).password == (folder / "redis-password").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("smtp-password", "mail server"),
        ("keys/intake-master-keys.json", "add-master-key"),
        ("tls/gateway.crt", "renew-certificates"),
        ("redis-url", "redis-password"),
        ("no-such", "no secret that is known"),
    ],
)
async def test_what_changes_otherwise_is_said_and_left(folder: Path, name: str, said: str) -> None:
    before = contents(folder)

    with pytest.raises(ValueError, match=said):
        await rotate(folder, name, kafka=NOWHERE)

    assert contents(folder) == before


async def test_both_service_keys_are_trusted_until_the_old_one_is_forgotten(folder: Path) -> None:
    def trusted() -> list[str]:
        return [key["kid"] for key in json.loads((folder / "keys/jwks/services.json").read_text())["keys"]]

    key = folder / "keys/service-key.json"
    old = SigningKey.load(key).public["kid"]
    assert trusted() == [old]

    await rotate(folder, "keys/service-key.json", kafka=NOWHERE)
    new = SigningKey.load(key).public["kid"]
    assert new != old
    assert trusted() == [new, old]
    assert '"d"' not in (folder / "keys/jwks/services.json").read_text()

    assert rotating.forget_service_key(folder) == [old]
    assert trusted() == [new]


def test_the_command_says_what_to_run_and_shows_no_secret(folder: Path) -> None:
    given = ["secrets", "rotate", "redis-password", "kafka-intake-password", "--folder", str(folder)]

    done = CliRunner().invoke(app, given)

    assert done.exit_code == 0, done.output
    assert "docker compose run --rm prepare" in done.output
    assert "force-recreate intake-api intake-worker" in done.output
    for name in ("redis-password", "kafka-intake-password"):
        assert (folder / name).read_text() not in done.output


class TestPostgres:
    @pytest.fixture
    def server(self, tmp_path: Path, folder: Path) -> Iterator[PostgresServer]:
        server = PostgresServer(tmp_path / "postgres", durable=False)
        server.start()
        try:
            password = urlsplit(server.url).password or ""
            (folder / POSTGRES).write_text(password)
            (folder / "postgres-admin-url").write_text(server.url)
            for name in names():
                if name.endswith("-url"):
                    url = (folder / name).read_text().replace("postgres:5432", f"127.0.0.1:{server.port}")
                    (folder / name).write_text(url)
            yield server
        finally:
            server.stop()

    async def test_the_administrator_gets_a_new_password(self, folder: Path, server: PostgresServer) -> None:
        old = (folder / "postgres-admin-url").read_text()
        open_one = await asyncpg.connect(old)

        await rotate(folder, POSTGRES, kafka=NOWHERE)

        assert await open_one.fetchval("SELECT 1") == 1
        await open_one.close()
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(old)
        new = (folder / "postgres-admin-url").read_text()
        assert urlsplit(new).password == (folder / POSTGRES).read_text()
        await (await asyncpg.connect(new)).close()
        assert len(await make_databases(folder)) == 4, "prepare comes in with the new one"

    @pytest.mark.parametrize("died", ["before the server knew", "before the files were written"])
    async def test_what_was_broken_off_is_gone_on_with(
        self, folder: Path, server: PostgresServer, died: str
    ) -> None:
        """The new password lies beside until both have it, so nobody is locked out."""
        (folder / f".{POSTGRES}.coming").write_text("a-password-that-was-drawn-before-1")
        if died == "before the files were written":
            url = (folder / "postgres-admin-url").read_text()
            coming = "a-password-that-was-drawn-before-1"
            await administrators.change_postgres(url, with_password(url, coming), coming)

        await rotate(folder, POSTGRES, kafka=NOWHERE)

        assert (folder / POSTGRES).read_text() == "a-password-that-was-drawn-before-1"
        await (await asyncpg.connect((folder / "postgres-admin-url").read_text())).close()
        assert not (folder / f".{POSTGRES}.coming").exists()

    async def test_a_service_gets_a_new_password_with_the_next_preparation(
        self, folder: Path, server: PostgresServer
    ) -> None:
        await make_databases(folder)
        old = (folder / "casework-database-url").read_text()
        await (await asyncpg.connect(old)).close()

        await rotate(folder, "casework-database-url", kafka=NOWHERE)
        await (await asyncpg.connect(old)).close()
        await make_databases(folder)

        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(old)
        await (await asyncpg.connect((folder / "casework-database-url").read_text())).close()


async def test_a_server_that_is_away_changes_no_file(folder: Path) -> None:
    url = "postgresql://postgres:a-password-of-somebody@127.0.0.1:1/postgres"
    (folder / "postgres-admin-url").write_text(url)
    before = contents(folder)

    for name in (POSTGRES, ADMIN):
        with pytest.raises(CannotPrepare):
            await rotate(folder, name, kafka=NOWHERE)

    after = contents(folder)
    assert {name: after[name] for name in before} == before


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, declared: Declared) -> Iterator[SecuredBroker]:
    """A broker for this file alone: its administrator's password is changed."""
    try:
        with secured_broker(tmp_path_factory.mktemp("rotating")) as started:
            prepare(started, declared, within=60)
            yield started
    except KafkaUnavailable as reason:
        missing("Apache Kafka", str(reason))


@pytest.mark.kafka
class TestKafka:
    async def test_admin_gets_a_new_password_and_the_broker_lives_on_with_it(
        self, own: SecuredBroker, declared: Declared
    ) -> None:
        old = own.password("admin")

        await rotate(own.secrets, ADMIN, kafka=own.inside)

        assert not await comes_in(own.inside, own.within("admin", old))
        assert await comes_in(own.inside, own.admin)
        # Among brokers and controllers the old one is good until they are started again.
        assert prepare(own, declared) == []
        own.restart()
        assert prepare(own, declared, within=60) == []
        assert await comes_in(own.inside, own.admin)
        assert not await comes_in(own.inside, own.within("admin", old))
        assert await comes_in(own.inside, own.within("intake"))

    async def test_what_was_broken_off_is_gone_on_with(self, own: SecuredBroker) -> None:
        drawn = "another-password-drawn-before-77"
        (own.secrets / f".{ADMIN}.coming").write_text(drawn)
        await administrators.change_kafka(own.inside, "admin", own.password("admin"), drawn)

        await rotate(own.secrets, ADMIN, kafka=own.inside)

        assert own.password("admin") == drawn
        assert await comes_in(own.inside, own.admin)

    @pytest.mark.parametrize("user", [user for user in KAFKA_USERS if user != "admin"])
    async def test_every_user_gets_one_with_the_next_preparation(
        self, own: SecuredBroker, declared: Declared, user: str
    ) -> None:
        old = own.password(user)

        await rotate(own.secrets, f"kafka-{user}-password", kafka=own.inside)
        assert await comes_in(own.inside, own.within(user, old)), "until it is prepared"
        prepare(own, declared)

        deadline = time.monotonic() + 20
        while not await comes_in(own.inside, own.within(user)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.3)
        assert not await comes_in(own.inside, own.within(user, old))


async def comes_in(place: str, access: KafkaAccess) -> bool:
    log = KafkaLog(place, LogOptions(access=access, connect_timeout=3))
    try:
        await log.start()
    except LogError:
        return False
    finally:
        await log.stop()
    return True
