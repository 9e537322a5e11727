"""A cluster of three brokers loses one, another with its disk, then two at once, while people work on the platform."""

from pathlib import Path

import pytest

from shared.testing.kafka_jars import KafkaUnavailable, jars, java
from tests.faults.cluster import Outages, cluster_ground
from tests.faults.people import messages
from tests.faults.run import run
from tests.support.requirements import missing

REQUESTS, SECONDS = 1500, 600
"""Filed as long as brokers are taken away, which is a minute and a half on a machine that does nothing else."""
_REST_SECONDS = 120.0


@pytest.mark.kafka
@pytest.mark.timeout(420)
async def test_a_cluster_goes_on_without_one_of_three_and_loses_nothing(tmp_path: Path) -> None:
    """Guards docs/invariants/nothing-is-lost-when-a-process-dies.md on a cluster."""
    try:
        java(), jars()
    except KafkaUnavailable as reason:
        missing("Apache Kafka", str(reason))
    rows, _ = messages(tmp_path, REQUESTS)
    async with cluster_ground(tmp_path) as (it, cluster):
        outages = Outages(it.home, cluster, say=print)
        result = await run(
            it,
            rows,
            [],
            seed=20261128,
            seconds=SECONDS,
            rest=_REST_SECONDS,
            moved=0.25,
            hurried=True,
            beside=outages.carry_out,
            say=print,
        )
    print(f"at rest {result.rest_seconds:.0f} s after the last call, {len(result.state.recorded)} events")
    assert not result.violations, "\n".join(result.violations[:40])
    *singles, two = outages.done
    for one in singles:
        assert one.published > 0, f"nothing was published without {one.what}"
        assert one.filed > 0, f"nothing was filed without {one.what}"
    assert sum(one.led for one in singles) > 0, "no killed broker led a partition"
    assert two.published == 0, "one broker of three acknowledged what no other has"
    assert two.filed > 0, "filing stopped with the brokers"
