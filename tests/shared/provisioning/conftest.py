"""One broker with the configuration of the containers, for all tests that change nothing which another relies on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.provisioning.declared import Declared
from shared.testing.kafka_jars import KafkaUnavailable
from tests.shared.provisioning.broker import SecuredBroker, prepare, secured_broker
from tests.support.requirements import missing

FILE = Path(__file__).parents[3] / "deploy" / "kafka" / "topics.toml"


@pytest.fixture(scope="session")
def declared() -> Declared:
    return Declared.load(FILE)


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, declared: Declared) -> Iterator[SecuredBroker]:
    try:
        with secured_broker(tmp_path_factory.mktemp("secured")) as started:
            prepare(started, declared, within=60)
            yield started
    except KafkaUnavailable as reason:
        missing("Apache Kafka", str(reason))
