"""What a user may take in a second, on a real broker with the configuration of the containers."""

from collections.abc import AsyncIterator, Mapping

import pytest
from confluent_kafka import Producer

from shared.provisioning.declared import Declared, Limits, User
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.quotas import limit, limits_there, quotas
from tests.shared.provisioning.broker import SecuredBroker
from tests.support.messaging import eventually

pytestmark = pytest.mark.kafka
DISTRICT = "district"


@pytest.fixture
async def limited(broker: SecuredBroker, declared: Declared) -> AsyncIterator[SecuredBroker]:
    """As declared before and after."""
    await limited_to(broker, declared.users)
    yield broker
    await limited_to(broker, declared.users)


async def limited_to(broker: SecuredBroker, users: Mapping[str, User]) -> list[str]:
    """Says what it changed once the broker knows it: its controller, which answers, knows it a little earlier."""
    changed = await limit(broker.inside, broker.admin, users)
    wanted = {user: given for user, rights in users.items() if (given := quotas(rights.limits))}

    async def known() -> bool:
        return await limits_there(broker.inside, broker.admin) == wanted

    await eventually(known, seconds=30)
    return changed


def with_limits(declared: Declared, limits: Limits | None) -> dict[str, User]:
    return {**declared.users, DISTRICT: declared.users[DISTRICT].model_copy(update={"limits": limits})}


async def test_those_from_outside_are_limited_and_nobody_else(
    limited: SecuredBroker, declared: Declared
) -> None:
    there = await limits_there(limited.inside, limited.admin)

    assert set(there) == {"district", "district-restricted"}
    for user, found in there.items():
        assert found == quotas(declared.users[user].limits)


async def test_a_second_run_changes_nothing(limited: SecuredBroker, declared: Declared) -> None:
    assert await limit(limited.inside, limited.admin, declared.users) == []


async def test_a_limit_that_is_no_longer_declared_is_taken_and_a_changed_one_changed(
    limited: SecuredBroker, declared: Declared
) -> None:
    assert await limited_to(limited, with_limits(declared, None)) == ["limits of district changed"]
    assert set(await limits_there(limited.inside, limited.admin)) == {"district-restricted"}

    other = Limits(read_bytes_per_second=2048, write_bytes_per_second=1024, request_percent=0.5)
    await limited_to(limited, with_limits(declared, other))
    assert (await limits_there(limited.inside, limited.admin))[DISTRICT] == {
        "consumer_byte_rate": 2048.0,
        "producer_byte_rate": 1024.0,
        "request_percentage": 0.5,
    }


def slowed(broker: SecuredBroker, *, records: int) -> list[float]:
    """Seconds that the broker had the district wait, for so many records of 10 kB that it wrote, one request each."""
    access = broker.from_outside(DISTRICT)
    waits: list[float] = []
    producer = Producer(
        {
            "bootstrap.servers": broker.external,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": DISTRICT,
            "sasl.password": access.password,
            "ssl.ca.location": str(access.ca_file),
            "acks": "all",
            "throttle_cb": lambda event: waits.append(event.throttle_time),
        }
    )
    failed: list[object] = []
    for number in range(records):
        producer.produce(
            "district.events",
            b"x" * 10_000,
            key=str(number),
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        assert producer.flush(60) == 0
    assert not failed, "what is too fast is slowed down, not refused"
    return [wait for wait in waits if wait > 0]


async def test_who_writes_too_fast_is_slowed_down_and_loses_nothing(
    limited: SecuredBroker, declared: Declared
) -> None:
    """Without the limit of this test the same pace is nothing to the broker."""
    assert slowed(limited, records=3) == []

    narrow = Limits(read_bytes_per_second=4096, write_bytes_per_second=4096, request_percent=50)
    await limited_to(limited, with_limits(declared, narrow))

    assert slowed(limited, records=6)


async def test_a_broker_that_is_away_is_said(broker: SecuredBroker, declared: Declared) -> None:
    with pytest.raises(CannotPrepare, match=r"127\.0\.0\.1:1"):
        await limit("127.0.0.1:1", broker.admin, declared.users)
