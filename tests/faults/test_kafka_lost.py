"""Kafka's disk is lost while people work: topics, offsets and every record. All of it comes back from the outboxes."""

import asyncio
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.contracts.catalogue import SERVICES, TOPICS
from shared.messaging.kafka.log import KafkaLog
from shared.messaging.log import LogUnavailable
from shared.security import Role
from shared.testing.kafka_jars import KafkaUnavailable, jars, java
from tests.faults.ground import Ground, ground
from tests.faults.people import messages
from tests.faults.run import run
from tests.support.requirements import missing

REQUESTS, SECONDS = 450, 120
"""Filed until the replays were asked for."""
_REST_SECONDS = 120.0
_BEFORE_SECONDS = 12.0
_DOWN_SECONDS = 3.0
_DECLARE_SECONDS = 60.0
_PARTITIONS = 6


async def _lose(it: Ground, say: Callable[[str], None]) -> None:
    """The broker with its disk; then what docs/recovery.md says."""
    assert it.broker is not None
    await asyncio.sleep(_BEFORE_SECONDS)
    at = time.monotonic()
    it.broker.kill()
    shutil.rmtree(it.broker.data)
    await asyncio.sleep(_DOWN_SECONDS)
    await it.broker.start()
    await _declare(KafkaLog(it.broker.bootstrap_servers))
    say(f"an empty broker has its topics {time.monotonic() - at:.1f} s after the loss")
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for service in SERVICES:
        async with it.connection.client(service, Role.OPERATOR) as operator:
            answer = await operator.post("/v1/operations/replay", {"from": since})
        say(f"{service} sends {answer['events']} events again")


async def _declare(log: KafkaLog) -> None:
    """Until the broker, which has just begun, has made them."""
    deadline = time.monotonic() + _DECLARE_SECONDS
    while True:
        try:
            await log.ensure_topics(TOPICS, _PARTITIONS)
        except LogUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.5)
        else:
            return


@pytest.mark.kafka
@pytest.mark.timeout(300)
async def test_everything_comes_back_from_the_outboxes_when_kafka_has_lost_its_disk(tmp_path: Path) -> None:
    """Guards docs/recovery.md, "Kafka's disk is lost"."""
    try:
        java(), jars()
    except KafkaUnavailable as reason:
        missing("Apache Kafka", str(reason))
    rows, _ = messages(tmp_path, REQUESTS)
    async with ground(tmp_path, kafka=True) as it:
        result = await run(
            it,
            rows,
            [],
            seed=20261128,
            seconds=SECONDS,
            rest=_REST_SECONDS,
            moved=0.25,
            hurried=True,
            beside=lambda: _lose(it, print),
            say=print,
        )
    print(f"at rest {result.rest_seconds:.0f} s after the last call, {len(result.state.recorded)} events")
    # What is recorded after the loss goes out before what is sent again: readers put it in order by its sequence.
    broken = [one for one in result.violations if not one.startswith("published-in-order-without-gap")]
    assert not broken, "\n".join(broken[:40])
