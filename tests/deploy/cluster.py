"""`compose.cluster.yml` in containers: a broker is killed under traffic, one loses its disk, the replica takes the primary's place.

`python -m tests.deploy.compose --only cluster`; some ten minutes, and 7 GB of memory.
"""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.contracts.catalogue import SERVICES, TOPICS
from shared.kafka_access import KafkaAccess
from tests.deploy.people import Community
from tests.deploy.stack import DEPLOY, Stack

BROKERS = ("kafka", "kafka-2", "kafka-3")
_SETTLED_SECONDS = 120.0
_LEFT_ALONE_SECONDS = 20.0
"""That a broker stays away: twice as long as the others need to notice."""


def make_ready(stack: Stack) -> None:
    """A copy of the folder, since `promote.sh` writes the `.env` beside it."""
    stack.deploy = stack.folder / "deploy"
    shutil.copytree(DEPLOY, stack.deploy, ignore=shutil.ignore_patterns(".env", "secrets", "backups"))
    stack.overrides = ("compose.cluster.yml",)
    # Three brokers, a second PostgreSQL and twelve processes on a machine that is not made for it.
    stack.more |= {"KAFKA_HEAP": "320m", "KAFKA_MEMORY": "900m", "POSTGRES_MEMORY": "1g"}
    stack.make_ready()


def all_are_there(stack: Stack) -> None:
    for service in SERVICES:
        assert len(stack.compose("ps", "--quiet", f"{service}-worker").split()) == 2, service
    in_sync(stack)
    replica_follows(stack)


def a_broker_is_killed(stack: Stack, community: Community) -> None:
    """The first, that all clients begin with. What is filed meanwhile is told without it."""
    before = len(community.filed)
    with community.keeps_filing():
        community.file()
        stack.engine.docker("kill", stack.container("kafka"))
        time.sleep(_LEFT_ALONE_SECONDS)
    for request in community.filed[before:]:
        community.wait_until_told(request)
    with community.keeps_filing():
        stack.compose("up", "--detach", "--wait", "--no-recreate", "kafka")
        in_sync(stack)
    nothing_is_lost_or_doubled(stack, community)


def a_broker_loses_its_disk(stack: Stack, community: Community) -> None:
    """As docs/recovery.md says."""
    with community.keeps_filing():
        stack.compose("rm", "--stop", "--force", "kafka-2")
        stack.engine.docker("volume", "rm", f"{stack.project}_kafka-2")
        stack.compose("up", "--detach", "--wait", "--no-recreate", "kafka-2")
        in_sync(stack)
    nothing_is_lost_or_doubled(stack, community)


def the_replica_takes_over(stack: Stack, community: Community) -> None:
    """With commits that wait for it (docs/recovery.md), so that nothing at all may be missing."""
    setting = "ALTER SYSTEM SET synchronous_standby_names = replica"
    stack.psql("intake", setting)
    stack.psql("intake", "SELECT pg_reload_conf()")
    eventually(lambda: stack.psql("intake", "SELECT sync_state FROM pg_stat_replication") == "sync")
    replica = _volume(stack, "postgres-replica")
    with community.keeps_filing():
        community.file()
        stack.engine.docker("kill", stack.container("postgres"))
        done = subprocess.run(
            [str(stack.deploy / "cluster" / "promote.sh")],
            env={**os.environ, **stack.engine.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        # What the script has noted is the operator's from now on.
        for line in (stack.deploy / ".env").read_text().splitlines():
            name, _, value = line.partition("=")
            if name in {"POSTGRES_VOLUME", "POSTGRES_REPLICA_VOLUME"}:
                stack.more[name] = value.strip("'")
        community.file()
    assert stack.psql("intake", "SHOW synchronous_standby_names") == ""
    assert stack.psql("intake", "SELECT timeline_id FROM pg_control_checkpoint()") == "2"
    assert _volume(stack, "postgres") == replica
    assert _volume(stack, "postgres-replica") != replica
    replica_follows(stack)
    nothing_is_lost_or_doubled(stack, community)


def _volume(stack: Stack, service: str) -> str:
    """Where its data is."""
    name = '{{range .Mounts}}{{if eq .Destination "/var/lib/postgresql/data"}}{{.Name}}{{end}}{{end}}'
    return stack.engine.docker("inspect", "--format", name, stack.container(service)).strip()


def nothing_is_lost_or_doubled(stack: Stack, community: Community) -> None:
    """Each request is told once of each, and lies on the log under one id alone."""
    for request in community.filed:
        community.wait_until_told(request)
    ids: dict[str, set[str]] = {}
    for subject, event in asyncio.run(_events(stack, "intake.events", "request.filed")):
        ids.setdefault(subject, set()).add(event)
    twice = {subject for subject, events in ids.items() if len(events) > 1}
    assert not twice, f"filed twice: {twice}"
    lost = set(community.filed) - set(ids)
    assert not lost, f"not on the log: {lost}"


async def _events(stack: Stack, topic: str, kind: str) -> Iterable[tuple[str, str]]:
    """Subject and id of every event of a kind, from the log's beginning to where it now ends."""
    consumer = AIOKafkaConsumer(
        **_access(stack, "district").clients(stack.kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    found: list[tuple[str, str]] = []
    try:
        places = [TopicPartition(topic, number) for number in range(12)]  # as deploy/kafka/topics.toml has it
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    headers = {name: value.decode() for name, value in record.headers}
                    if headers.get("ce_type") == kind:
                        found.append((headers["ce_subject"], headers["ce_id"]))
    finally:
        await consumer.stop()
    return found


def in_sync(stack: Stack) -> None:
    """Until each of our partitions, and each of the groups' own, is on all three brokers."""
    access = _access(stack, "admin")
    settings: dict[str, str | int | float | bool] = {
        "bootstrap.servers": ",".join(f"localhost:{stack.ports[broker]}" for broker in BROKERS),
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "admin",
        "sasl.password": str(access.password),
        "ssl.ca.location": str(access.ca_file),
    }

    def all_three() -> bool:
        try:
            topics = AdminClient(settings).list_topics(timeout=10).topics
        except KafkaException:
            return False
        wanted = [topics.get(topic) for topic in (*TOPICS, "__consumer_offsets")]
        return all(
            topic is not None and all(len(one.isrs) == len(BROKERS) for one in topic.partitions.values())
            for topic in wanted
        )

    eventually(all_three)


def replica_follows(stack: Stack) -> None:
    eventually(lambda: stack.psql("intake", "SELECT state FROM pg_stat_replication") == "streaming")


def eventually(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SETTLED_SECONDS
    while not what():
        assert time.monotonic() < deadline, f"not after {_SETTLED_SECONDS:.0f} s"
        time.sleep(0.5)


def _access(stack: Stack, user: str) -> KafkaAccess:
    password = (stack.secrets / f"kafka-{user}-password").read_text().strip()
    return KafkaAccess("sasl_ssl", user, password, stack.secrets / "tls" / "ca.crt")


__all__ = [
    "a_broker_is_killed",
    "a_broker_loses_its_disk",
    "all_are_there",
    "make_ready",
    "the_replica_takes_over",
]
