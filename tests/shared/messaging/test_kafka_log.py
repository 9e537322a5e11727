"""What is particular to Kafka, without a broker."""

import pytest

from shared.local.ports import free_port
from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import LogOptions, LogUnavailable
from shared.messaging.records import Record


async def test_a_broker_that_is_not_there_is_said_so() -> None:
    log = KafkaLog(f"127.0.0.1:{free_port()}", LogOptions(connect_timeout=0.5, publish_timeout=0.5))
    with pytest.raises(LogUnavailable):
        await log.start()
    with pytest.raises(LogUnavailable):
        await log.publish([Record("intake.events", b"key", b"value")])
    async with log.reader("casework", ["intake.events"]) as reader:
        assert not await reader.read(timeout=0.3)
        await reader.commit()
    await log.stop()
