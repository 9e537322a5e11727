"""What the compose test does, a function for each thing that it shows."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from standardwebhooks import Webhook

from shared.kafka_access import KafkaAccess
from shared.provisioning import rotating
from shared.provisioning.files import GROUP, hand_over
from shared.security.principal import Role
from tests.deploy.engine import Engine
from tests.deploy.people import Community, post
from tests.deploy.stack import REPOSITORY, Stack

SERVICES = ("intake", "casework", "employment", "notifications")
_READ_SECONDS = 30.0
_BUILD_SECONDS = 1200.0
_MAIL_AGAIN_SECONDS = 420.0
"""The mail catcher is made anew too: a mail that failed twice meanwhile is tried again after five minutes."""


def build_images(docker: Engine) -> None:
    """As `make images-offline` does."""
    process = subprocess.Popen(
        [str(REPOSITORY / "deploy" / "images" / "build.sh"), "--offline"],
        env={**os.environ, **docker.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=_BUILD_SECONDS)
    finally:
        # Whatever it began ends with it, however it ends.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    assert process.returncode == 0, said[-4000:]


def weak_secrets_are_refused(stack: Stack) -> None:
    """A service says which secret it does not take, and ends with 2."""
    for variable, value in (
        ("DATABASE_URL", "postgresql://longxi_intake:changeme@postgres:5432/longxi_intake"),
        ("KAFKA_PASSWORD", "short"),
        ("REDIS_URL", "redis://redis:6379/0"),
    ):
        words = ["run", "--rm", "--no-deps", "-T", "--env", f"{variable}={value}", "intake-api", "api"]
        with pytest.raises(RuntimeError, match=variable) as refusal:
            stack.compose(*words)
        assert value not in str(refusal.value).split("\n", 1)[1], f"{variable} is quoted"


def gateway_lets_through_what_it_should(stack: Stack) -> None:
    with stack.client() as anyone:
        document = anyone.get("/openapi.json").json()
        assert "/intake/v1/requests" in document["paths"]
        assert "龙溪" in anyone.get("/docs").text
        for path in (
            "/intake/metrics",
            "/metrics",
            "/intake/readyz",
            "/healthz",
            "/intake/openapi.json",
            "/x",
        ):
            answer = anyone.get(path)
            assert answer.status_code == 404, f"{path}: {answer.status_code}"
            assert answer.headers["content-type"] == "application/problem+json"
        for service in SERVICES:
            answer = anyone.get(f"/{service}/v1/operations/status")
            assert answer.status_code == 401, f"{service}: {answer.status_code}"
            assert "strict-transport-security" in answer.headers
    # Whoever does not know our authority does not take its certificate.
    untrusting = httpx.Client(base_url=stack.address, trust_env=False)
    with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
        untrusting.get("/docs")


def a_request_is_followed(stack: Stack, community: Community) -> None:
    """Through the gateway to the mail catcher and the portal's webhook."""
    with stack.client(Role.PORTAL, "portal-of-the-test") as portal:
        webhook = post(
            portal,
            "/notifications/v1/webhooks",
            {"url": "https://portal:8443/hook", "events": ["request.filed", "worker.assigned"]},
        )["id"]
        secret = portal.get(f"/notifications/v1/webhooks/{webhook}/secret").json()["secret"]
    request = community.file()
    community.wait_until_told(request)
    resident = community.residents[0]
    with stack.client(Role.RESIDENT, resident) as person:
        shown = person.get(f"/intake/v1/requests/{request}").json()
    mails = [mail for mail in stack.mails()["mails"] if shown["reference"] in mail["text"]]
    assert mails, "no mail names the request"
    deadline = time.monotonic() + 60
    types: set[str] = set()
    while types != {"request.filed", "worker.assigned"}:
        assert time.monotonic() < deadline, (
            f"webhooks of the request: {types}\n{stack.logs('notifications-worker')}"
        )
        for call in stack.webhooks():
            content = base64.b64decode(call["body"])
            Webhook(secret).verify(content, call["headers"])
            event = json.loads(content)
            if request in json.dumps(event):
                types.add(event["type"])
        time.sleep(0.5)


def the_district_reads_what_it_may(stack: Stack, community: Community) -> None:
    asyncio.run(_district(stack, community.file()))


async def _district(stack: Stack, request: str) -> None:
    district = _access(stack, "district")
    key = await _find(stack, district, "intake.events", request, group="district-test")
    assert key, "the district did not see the request's event"
    await _refused(stack, district, "casework.restricted", "district-test", TopicAuthorizationFailedError)
    await _refused(stack, district, "intake.events", "someone-elses", GroupAuthorizationFailedError)
    restricted = _access(stack, "district-restricted")
    await _read_some(stack, restricted, "casework.restricted", "district-restricted-test")
    await _refused(
        stack, restricted, "intake.events", "district-restricted-test", TopicAuthorizationFailedError
    )
    await _may_write(stack, district, "district.events", allowed=True)
    await _may_write(stack, district, "intake.events", allowed=False)
    wrong = KafkaAccess("sasl_ssl", "district", "x" * 40, stack.secrets / "tls" / "ca.crt")
    with pytest.raises(KafkaError):
        await _read_some(stack, wrong, "intake.events", "district-test")


def _access(stack: Stack, user: str) -> KafkaAccess:
    password = (stack.secrets / f"kafka-{user}-password").read_text().strip()
    return KafkaAccess("sasl_ssl", user, password, stack.secrets / "tls" / "ca.crt")


def _consumer(stack: Stack, access: KafkaAccess, topic: str, group: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        **access.clients(stack.kafka),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


async def _find(stack: Stack, access: KafkaAccess, topic: str, text: str, *, group: str) -> bool:
    consumer = _consumer(stack, access, topic, group)
    await consumer.start()
    try:
        deadline = time.monotonic() + _READ_SECONDS
        while time.monotonic() < deadline:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                if any(text in (record.value or b"").decode() for record in records):
                    return True
    finally:
        await consumer.stop()
    return False


async def _read_some(stack: Stack, access: KafkaAccess, topic: str, group: str) -> None:
    consumer = _consumer(stack, access, topic, group)
    try:
        await consumer.start()
        await consumer.getmany(timeout_ms=3000)
    finally:
        await consumer.stop()


async def _refused(
    stack: Stack, access: KafkaAccess, topic: str, group: str, refusal: type[KafkaError]
) -> None:
    with pytest.raises(refusal):
        await _read_some(stack, access, topic, group)


async def _may_write(stack: Stack, access: KafkaAccess, topic: str, *, allowed: bool) -> None:
    producer = AIOKafkaProducer(**access.clients(stack.kafka), acks="all")
    await producer.start()
    try:
        # No envelope: each service puts it among its dead letters, and nobody waits for it.
        await producer.send_and_wait(topic, b"{}", key=b"test")
    except TopicAuthorizationFailedError:
        assert not allowed, f"{access.username} may not write {topic}"
    else:
        assert allowed, f"{access.username} wrote {topic}"
    finally:
        await producer.stop()


def containers_are_confined(stack: Stack) -> None:
    """Nobody is root, nothing can be written but what has to, no capability is left, memory has a bound."""
    for service in stack.long_lived():
        (found,) = json.loads(stack.engine.docker("inspect", stack.container(service)))
        host = found["HostConfig"]
        assert found["Config"]["User"] not in {"", "0", "0:0", "root"}, f"{service} runs as root"
        assert host["ReadonlyRootfs"], f"{service} can write its image"
        assert host["CapDrop"] == ["ALL"], f"{service}: {host['CapDrop']}"
        assert "no-new-privileges:true" in host["SecurityOpt"], service
        assert host["Memory"] > 0, f"{service} has no bound of memory"
        assert (host["PidsLimit"] or 0) > 0, f"{service} has no bound of processes"
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
        assert host["LogConfig"]["Config"]["max-size"], f"{service}'s log grows for ever"
        published = [port for port in host["PortBindings"].values() if port]
        assert not published or service in {"gateway", "kafka", "mail"}, f"{service} is open to the outside"


def more_workers_share(stack: Stack, community: Community) -> None:
    """Four workers of casework are members of one group; all of the platform goes on."""
    stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "casework-worker=3")
    for _ in range(6):
        community.file()
    for request in community.filed[-6:]:
        community.wait_until_told(request)
    stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "casework-worker=1")


def every_container_restarts(stack: Stack, community: Community) -> None:
    """One after the other, while somebody files. Whatever was acknowledged is told, once."""
    before = len(community.filed)
    with community.keeps_filing():
        for service in stack.long_lived():
            if service != "mail":  # it keeps its mails in memory
                stack.compose("restart", service)
        stack.up("--no-recreate")
    filed = community.filed[before:]
    assert len(filed) > len(stack.long_lived()), f"only {len(filed)} requests were filed meanwhile"
    for request in filed:
        community.wait_until_told(request)


def an_upgrade_in_place(stack: Stack, community: Community) -> None:
    """To images of another version, of which intake's has one more migration, while somebody files."""
    old, new = stack.version, f"{stack.version}-next"
    context = stack.folder / "next"
    context.mkdir()
    head = stack.psql("intake", "SELECT version_num FROM alembic_version")
    (context / "9999_next.py").write_text(
        '"""A column that the next version will use; the old one does not see it."""\n\n'
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "9999"\ndown_revision = "{head}"\nbranch_labels = None\ndepends_on = None\n\n\n'
        'def upgrade() -> None:\n    op.add_column("request", sa.Column("next", sa.Text(), nullable=True))\n'
    )
    (context / "Dockerfile").write_text(
        f"FROM longxi/intake:{old}\n"
        "COPY 9999_next.py /opt/longxi/lib/python3.13/site-packages/services/intake/migrations/versions/\n"
    )
    stack.engine.docker("build", "--quiet", "--tag", f"longxi/intake:{new}", str(context))
    for image in ("casework", "employment", "notifications", "operator"):
        stack.engine.docker("tag", f"longxi/{image}:{old}", f"longxi/{image}:{new}")
    before = len(community.filed)
    stack.version = new
    # A mail that fails twice waits five minutes, and no installation's mail server is part of its upgrade.
    stack.up("--no-deps", "mail")
    with community.keeps_filing():
        stack.up()
    assert stack.psql("intake", "SELECT version_num FROM alembic_version") == "9999"
    image = json.loads(stack.engine.docker("inspect", stack.container("intake-api")))[0]["Config"]["Image"]
    assert image.endswith(new), image
    filed = community.filed[before:]
    assert filed, "nothing was filed while the stack was upgraded"
    for request in filed:
        community.wait_until_told(request)


def secrets_are_changed(stack: Stack, community: Community) -> None:
    """All that `longxi secrets rotate` knows, while somebody files. Afterwards the old ones open nothing."""
    there = {"grafana-admin-password", "postgres-replication-password"}  # of what does not run here
    old_district = _access(stack, "district")
    old = {name: (stack.secrets / name).read_text() for name in rotating.names()}
    before = len(community.filed)
    with community.keeps_filing():
        names = [name for name in old if name not in there]
        stack.compose("run", "--rm", "-T", "--no-deps", "keys", "secrets", "rotate", *names)
        stack.compose("run", "--rm", "-T", "--no-deps", "prepare")
        stack.up("--force-recreate")
    stack.compose("run", "--rm", "-T", "--no-deps", "keys", "secrets", "forget-service-key")
    for name in names:
        assert (stack.secrets / name).read_text() != old[name], name
    filed = community.filed[before:]
    assert filed, "nothing was filed while secrets were changed"
    for request in filed:
        community.wait_until_told(request, _MAIL_AGAIN_SECONDS)
    with pytest.raises(KafkaError):
        asyncio.run(_read_some(stack, old_district, "intake.events", "district-test"))
    asyncio.run(_read_some(stack, _access(stack, "district"), "intake.events", "district-test"))
    assert stack.psql("intake", "SELECT 1") == "1"
    with pytest.raises(RuntimeError, match="password authentication failed"):
        stack.psql("intake", "SELECT 1", password=old["postgres-admin-password"])


def everything_is_lost_and_restored(stack: Stack, community: Community) -> None:
    """A backup; then no volume and no secret is left but the backup and who may open it; then everything is there again."""
    for request in community.filed[-3:]:
        community.wait_until_told(request)
    before = _held(stack, community)
    operator = ("run", "--rm", "-T", "--no-deps", "operator")
    public = stack.compose(*operator, "backup", "new-identity", "/backups/identity").split()[-1]
    words = ["--to", "/backups/kept", "--secrets", "/secrets", "--recipient", public]
    stack.compose(*operator, "backup", *words)
    kept = {str(path.relative_to(stack.secrets)): path.read_bytes() for path in _files(stack.secrets)}

    stack.down(volumes=True)
    shutil.rmtree(stack.secrets)
    stack.secrets.mkdir()
    source = ["--from", "/backups/kept", "--identity", "/backups/identity"]
    keys = ("run", "--rm", "-T", "--no-deps", "keys")
    stack.compose(*keys, "restore", *source, "--only", "keys", "--keys", "/secrets")
    assert {str(path.relative_to(stack.secrets)): path.read_bytes() for path in _files(stack.secrets)} == kept
    hand_over(stack.secrets, GROUP)

    stack.compose("up", "--detach", "--wait", "postgres", "kafka", "redis")
    stack.compose("run", "--rm", "-T", "prepare")
    stack.compose(
        *operator, "restore", *source, "--only", "databases", "--secrets", "/secrets", "--kafka", "kafka:9092"
    )
    stack.up()
    assert _held(stack, community) == before
    request = community.file()
    community.wait_until_told(request)


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def _held(stack: Stack, community: Community) -> dict[str, object]:
    """What is known of each request, its words included, which only the right keys open."""
    held: dict[str, object] = {}
    with stack.client(Role.HEAD) as head:
        for request in community.filed:
            shown = head.get(f"/intake/v1/requests/{request}").raise_for_status().json()
            case = head.get(f"/casework/v1/cases/{request}").raise_for_status().json()
            held[request] = (shown["reference"], shown["subject"], shown["body"], case["worker"])
        for resident in community.residents:
            shown = head.get(f"/intake/v1/residents/{resident}").raise_for_status().json()
            held[resident] = (shown["name"], shown["phone"], shown["email"])
    for service in SERVICES:
        held[service] = stack.psql(service, "SELECT version_num FROM alembic_version")
    return held


def nothing_is_left(stack: Stack) -> None:
    label = f"label=com.docker.compose.project={stack.project}"
    for what in (
        ["ps", "--all", "--quiet", "--filter", label],
        ["volume", "ls", "--quiet", "--filter", label],
        ["network", "ls", "--quiet", "--filter", label],
    ):
        left = stack.engine.docker(*what).split()
        assert not left, f"left behind: {what[0]} {left}"
    assert not Path(stack.folder).exists()
