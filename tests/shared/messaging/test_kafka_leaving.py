"""Leaving a group whose broker is away."""

import asyncio
import os
from dataclasses import replace

import pytest

from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import LogUnavailable
from shared.messaging.records import Record
from shared.testing.kafka_broker import KafkaBroker
from tests.support.event_logs import OPTIONS

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(
        "KAFKA_BOOTSTRAP_SERVERS" in os.environ,
        reason="the broker is not ours to kill: unset KAFKA_BOOTSTRAP_SERVERS",
    ),
]


@pytest.mark.timeout(300)
async def test_a_member_that_could_not_commit_leaves_as_itself_and_comes_again(
    kafka_broker: KafkaBroker, topic: str
) -> None:
    """Its own fetches, cancelled on the way out, do not cancel whoever reads."""
    log = KafkaLog(kafka_broker.bootstrap_servers, replace(OPTIONS, commit_timeout=1.0))
    await log.start()
    await log.ensure_topics([topic], 2)
    for number in range(2):
        await log.publish([Record(topic, b"key", str(number).encode())])
        async with log.reader(f"readers of {topic}", [topic]) as reader:
            async with asyncio.timeout(30):
                while not (records := await reader.read()):
                    pass
            assert records[-1].value == str(number).encode()
            kafka_broker.kill()
            with pytest.raises(LogUnavailable):
                await reader.commit()
        await kafka_broker.start()
    await log.stop()
