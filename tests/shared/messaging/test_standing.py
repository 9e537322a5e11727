"""The gauges say what an operator's status page says, from any worker, and NaN for what cannot be asked."""

import math
from collections.abc import Mapping, Sequence

from shared.database import Database, new_id
from shared.messaging.log import LogUnavailable
from shared.messaging.outbox import record
from shared.messaging.records import TopicPartition
from shared.messaging.replay import Selection, request_replay
from shared.messaging.standing import standing
from shared.observing.measuring import Measuring
from tests.support.consumers import bench
from tests.support.messaging import TENANT, TOPIC, envelope, records, withdrawn
from tests.support.numbers import number

NAME = "parcel-standing"


class LagOnly:
    def __init__(self) -> None:
        self.away = False

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        assert (group, list(topics)) == (NAME, [TOPIC, "quiet.events"])
        if self.away:
            raise LogUnavailable("away")
        return {TopicPartition(TOPIC, 0): 3, TopicPartition(TOPIC, 1): 4}


async def test_what_waits_is_held_or_dead_is_shown(database: Database) -> None:
    log = LagOnly()
    look = Measuring(standing(database, log, NAME, [TOPIC, "quiet.events"]), fresh=0)  # type: ignore[arg-type]
    await look()
    assert number("outbox_unsent", service=NAME) == 0
    assert number("dead_letters", consumer=NAME, reason="handler_failed") == 0

    consumer, one, two = await bench(database, name=NAME), new_id(), new_id()
    async with database.transaction(TENANT) as session:
        await record(session, withdrawn(), withdrawn())
    async with database.everywhere() as session:
        await request_replay(session, Selection())
    consumer.trouble.errors[two, 1] = ValueError("cannot")
    await consumer.take(records(envelope(one, 1, data=b"{}"), envelope(one, 2), envelope(two, 1)))
    await look()
    assert number("outbox_unsent", service=NAME) == 2
    assert (number("outbox_unsent_age_seconds", service=NAME) or 0) > 0
    assert number("replays_running", service=NAME) == 1
    assert number("inbox_blocked_streams", consumer=NAME) == 2
    held = {
        state: number("held_events", consumer=NAME, state=state) for state in ("retrying", "waiting", "dead")
    }
    assert held == {"retrying": 1, "waiting": 1, "dead": 1}
    assert number("dead_letters", consumer=NAME, reason="invalid") == 1
    assert number("inbox_lag", consumer=NAME, topic=TOPIC) == 7
    assert number("inbox_lag", consumer=NAME, topic="quiet.events") == 0

    log.away = True
    await look()
    assert math.isnan(number("inbox_lag", consumer=NAME, topic=TOPIC) or 0)
    assert number("held_events", consumer=NAME, state="dead") == 1, "the database is there"


async def test_a_database_that_is_away_leaves_the_lag(database: Database) -> None:
    nowhere = Database("postgresql://nobody:none@127.0.0.1:1/nothing")
    look = Measuring(standing(nowhere, LagOnly(), NAME, [TOPIC, "quiet.events"]), fresh=0)  # type: ignore[arg-type]
    await Measuring(standing(database, LagOnly(), NAME), fresh=0)()  # type: ignore[arg-type]
    await look()
    assert math.isnan(number("outbox_unsent", service=NAME) or 0)
    assert number("inbox_lag", consumer=NAME, topic=TOPIC) == 7
    await nowhere.stop()
