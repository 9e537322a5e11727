"""Topics, passwords and rights on a real broker with the configuration of the containers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from shared.contracts.catalogue import TOPICS
from shared.kafka_access import KafkaAccess
from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import LogError, LogOptions, LogUnavailable
from shared.messaging.records import Record
from shared.provisioning.declared import Declared, Topic
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.kafka import Copies, apply
from tests.shared.provisioning.broker import SecuredBroker, prepare

pytestmark = pytest.mark.kafka
FILE = Path(__file__).parents[3] / "deploy" / "kafka" / "topics.toml"


def log_of(broker: SecuredBroker, access: KafkaAccess) -> KafkaLog:
    place = broker.external if access.encrypted else broker.inside
    return KafkaLog(place, LogOptions(access=access, connect_timeout=8, publish_timeout=8))


def record(topic: str, text: str = "{}") -> Record:
    return Record(topic, uuid4().bytes, text.encode(), ())


async def reads(log: KafkaLog, group: str, topic: str, text: str, *, within: float = 20.0) -> bool:
    async with log.reader(group, [topic]) as reader:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            if any(found.value == text.encode() for found in await reader.read(timeout=0.5)):
                return True
    return False


async def eventually(what: Callable[[], Awaitable[bool]], within: float = 20.0) -> bool:
    """Rights and passwords reach a broker's own memory a moment after they are acknowledged."""
    deadline = time.monotonic() + within
    while not await what():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.3)
    return True


async def writes(log: KafkaLog, topic: str) -> bool:
    try:
        await log.publish([record(topic)])
    except LogError:
        return False
    return True


async def test_all_that_is_declared_is_there_and_a_second_run_changes_nothing(broker: SecuredBroker) -> None:
    declared = Declared.load(FILE)

    # What the controller has acknowledged, the broker tells a moment later.
    assert await eventually(lambda: _nothing_changes(broker, declared))
    assert await eventually(lambda: _all_there(broker, declared), within=60)


async def test_a_service_reads_and_writes_its_own_and_no_other(broker: SecuredBroker) -> None:
    intake = log_of(broker, broker.within("intake"))
    casework = log_of(broker, broker.within("casework"))
    text = f'{{"test": "{uuid4()}"}}'
    await intake.start()
    try:
        assert await eventually(lambda: writes(intake, "intake.events"))
        await intake.publish([record("intake.events", text)])
        assert await reads(casework, "casework", "intake.events", text)

        assert not await writes(intake, "casework.events")
        assert not await reads(intake, "intake", "intake.events", text, within=4)
        assert not await reads(casework, "intake", "intake.events", text, within=4)
    finally:
        await intake.stop()
        await casework.stop()


async def test_the_district_comes_by_tls_and_reads_what_it_may(broker: SecuredBroker) -> None:
    intake = log_of(broker, broker.within("intake"))
    district = log_of(broker, broker.from_outside("district"))
    restricted = log_of(broker, broker.from_outside("district-restricted"))
    casework = log_of(broker, broker.within("casework"))
    text, secret = (f'{{"test": "{uuid4()}"}}' for _ in range(2))
    try:
        await intake.publish([record("intake.events", text)])
        await casework.publish([record("casework.restricted", secret)])
        assert await reads(district, "district-a", "intake.events", text)
        assert await reads(restricted, "district-restricted-a", "casework.restricted", secret)
        assert await writes(district, "district.events")

        assert not await reads(district, "district-a", "casework.restricted", secret, within=4)
        assert not await reads(restricted, "district-restricted-a", "intake.events", text, within=4)
        assert not await writes(district, "intake.events")
        assert not await writes(restricted, "district.events")
    finally:
        for log in (intake, district, restricted, casework):
            await log.stop()


@pytest.mark.parametrize("way", ["wrong password", "no password", "no tls", "unknown authority"])
async def test_nobody_comes_in_otherwise(broker: SecuredBroker, way: str) -> None:
    right = broker.from_outside("district")
    access = {
        "wrong password": replace(right, password="x" * 40),
        "no password": KafkaAccess("ssl", ca_file=right.ca_file),
        "no tls": KafkaAccess("sasl_plaintext", "district", right.password),
        "unknown authority": replace(right, ca_file=None),
    }[way]
    log = KafkaLog(broker.external, LogOptions(access=access, connect_timeout=2))

    with pytest.raises(LogError):
        await log.start()
    await log.stop()


async def test_a_new_password_takes_the_old_ones_place(broker: SecuredBroker) -> None:
    old = broker.password("operator")
    (broker.secrets / "kafka-operator-password").write_text("another-long-word-of-many-letters-7421")
    prepare(broker, Declared.load(FILE))

    async def comes_in(password: str) -> bool:
        log = KafkaLog(
            broker.inside, LogOptions(access=broker.within("operator", password), connect_timeout=1)
        )
        try:
            await log.start()
        except (LogUnavailable, LogError):
            return False
        finally:
            await log.stop()
        return True

    assert await eventually(lambda: comes_in(broker.password("operator")))
    assert not await comes_in(old)


async def test_a_right_that_is_no_longer_declared_is_taken(broker: SecuredBroker) -> None:
    declared = Declared.load(FILE)
    users = {**declared.users, "district": declared.users["district"].model_copy(update={"writes": ()})}
    district = log_of(broker, broker.from_outside("district"))
    try:
        assert await eventually(lambda: writes(district, "district.events"))

        assert prepare(broker, Declared(declared.topics, users)) == ["1 rights taken"]
        assert await eventually(lambda: _not(writes(district, "district.events")))

        prepare(broker, declared)
        assert await eventually(lambda: writes(district, "district.events"))
    finally:
        await district.stop()


async def _nothing_changes(broker: SecuredBroker, declared: Declared) -> bool:
    return prepare(broker, declared) == []


async def _all_there(broker: SecuredBroker, declared: Declared) -> bool:
    """A broker that was only just made looks for who keeps the groups when it is asked for the first time."""
    try:
        lag = await log_of(broker, broker.admin).lag("intake", TOPICS)
    except LogUnavailable:
        return False
    counts = {topic: sum(1 for place in lag if place.topic == topic) for topic in TOPICS}
    return counts == {name: topic.partitions for name, topic in declared.topics.items()}


async def _not(what: Awaitable[bool]) -> bool:
    return not await what


async def test_partitions_stay_as_they_are_and_it_is_said(broker: SecuredBroker) -> None:
    declared = Declared.load(FILE)
    more = declared.topics["district.events"].model_copy(update={"partitions": 9})

    (line,) = prepare(broker, Declared({**declared.topics, "district.events": more}, declared.users))

    assert line == "topic district.events has 3 partitions and 9 are declared: left as it is"


async def test_a_topic_that_is_added_is_made(broker: SecuredBroker) -> None:
    declared = Declared.load(FILE)
    topics = {**declared.topics, "console.events": Topic(partitions=2, retention_days=1)}

    assert prepare(broker, Declared(topics, declared.users)) == [
        "topic console.events made with 2 partitions"
    ]


def test_a_broker_that_is_away_is_said(broker: SecuredBroker) -> None:
    with pytest.raises(CannotPrepare, match=r"127\.0\.0\.1:1"):
        apply("127.0.0.1:1", broker.admin, Declared({}, {}), Copies(), {}, patience=2)
