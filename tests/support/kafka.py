"""A real Apache Kafka broker for the session."""

import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.testing.kafka_broker import KafkaBroker
from shared.testing.kafka_jars import KafkaUnavailable
from tests.support.requirements import missing


@pytest.fixture(scope="session")
async def kafka_broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaBroker]:
    """A broker of our own, for tests that restart it."""
    broker = KafkaBroker(Path(tmp_path_factory.mktemp("kafka")), short_lived=True)
    # The clients' complaints while the broker is on its way up say nothing.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        await broker.start()
    except KafkaUnavailable as reason:
        missing("Apache Kafka", f"{reason}, or set KAFKA_BOOTSTRAP_SERVERS")
    yield broker
    await broker.stop()


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """Bootstrap servers: KAFKA_BOOTSTRAP_SERVERS, else of a broker of our own."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        return given
    broker: KafkaBroker = request.getfixturevalue("kafka_broker")
    return broker.bootstrap_servers
