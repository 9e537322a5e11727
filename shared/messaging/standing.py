"""How a service's messages stand, as gauges: what `/v1/operations/status` tells an operator, for Prometheus.

Every worker of a service looks at the same database and the same group: take the maximum over processes.
"""

from collections.abc import Sequence

from shared.database import Database
from shared.messaging import measures
from shared.messaging.failures import DeadLetterReason
from shared.messaging.log import EventLog
from shared.messaging.operating import state_of
from shared.observing.measuring import Measure


def standing(
    database: Database, log: EventLog, service: str, topics: Sequence[str] = ()
) -> Sequence[Measure]:
    """What to look up for a service, and how far it is behind in the `topics` that it consumes.

    The log is a measure of its own: it may be away while the database is there.
    """

    async def messages() -> None:
        async with database.everywhere() as session:
            state = await state_of(session, service)
        # The active relay says these too; from here they are also known while no relay is active.
        measures.UNSENT.labels(service=service).set(state.unsent)
        measures.UNSENT_AGE.labels(service=service).set(state.oldest_unsent or 0)
        measures.REPLAYS.labels(service=service).set(len(state.replays))
        measures.BLOCKED.labels(consumer=service).set(state.blocked_streams)
        for held, events in state.held.items():
            measures.HELD.labels(consumer=service, state=held.value).set(events)
        for reason in DeadLetterReason:
            measures.DEAD.labels(consumer=service, reason=reason.value).set(state.dead.get(reason, 0))

    async def behind() -> None:
        lag = dict.fromkeys(topics, 0)
        for place, records in (await log.lag(service, list(lag))).items():
            lag[place.topic] += records
        for topic, records in lag.items():
            measures.LAG.labels(consumer=service, topic=topic).set(records)

    counted = (
        measures.UNSENT,
        measures.UNSENT_AGE,
        measures.REPLAYS,
        measures.BLOCKED,
        measures.HELD,
        measures.DEAD,
    )
    found = [Measure(messages, counted)]
    if topics:
        found.append(Measure(behind, (measures.LAG,)))
    return found


__all__ = ["standing"]
