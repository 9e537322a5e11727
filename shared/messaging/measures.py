"""The numbers that messaging shows. All are small sums; none has a label of unbounded values."""

from shared.contracts.catalogue import EVENTS as CONTRACTS
from shared.observing import metrics

PUBLISHED = metrics.counter("outbox_published", "Events published", ["service"])
TYPES = metrics.counter("events_published", "Events published for the first time, by type", ["type"])
REPLAYED = metrics.counter("outbox_replayed", "Events sent again by a replay", ["service"])
REPLAYS = metrics.gauge("replays_running", "Replays that are not finished", ["service"])
UNSENT = metrics.gauge("outbox_unsent", "Events recorded and not yet published", ["service"])
UNSENT_AGE = metrics.gauge("outbox_unsent_age_seconds", "Age of the oldest of them", ["service"])
BATCH = metrics.histogram("outbox_batch", "Events in one batch", ["service"], buckets=metrics.SIZES)
PUBLISHING = metrics.histogram("outbox_publish_seconds", "Time to publish a batch", ["service"])
LEADING = metrics.gauge("outbox_relay_active", "1 while this process is the service's relay", ["service"])

EVENTS = metrics.counter(
    "inbox_events",
    "Events received, by outcome: applied, skipped, duplicate, repeated, held, dead, foreign",
    ["consumer", "outcome"],
)
TAKING = metrics.histogram("inbox_batch_seconds", "Time to take a batch", ["consumer"])
TAKEN = metrics.histogram("inbox_batch", "Records in a batch", ["consumer"], buckets=metrics.SIZES)
DELAY = metrics.histogram("inbox_delay_seconds", "From an event's record to its effect here", ["consumer"])
AGAIN = metrics.counter("inbox_batches_again", "Batches tried again after a passing fault", ["consumer"])
SPLIT = metrics.counter(
    "inbox_batches_split", "Batches in which events failed and were found out", ["consumer"]
)

LAG = metrics.gauge(
    "inbox_lag", "Records of a topic that the consumer has not committed yet", ["consumer", "topic"]
)
HELD = metrics.gauge("held_events", "Events held by state: retrying, waiting, dead", ["consumer", "state"])
DEAD = metrics.gauge("dead_letters", "Dead letters by reason", ["consumer", "reason"])
BLOCKED = metrics.gauge("inbox_blocked_streams", "Aggregates whose later events wait", ["consumer"])


def begin(service: str) -> None:
    """Show the types of events that this service publishes, with none so far: the first of a rare one would be no
    increase to whoever reads, and a webhook is disabled rarely."""
    for contract in CONTRACTS:
        if contract.owner.value == service:
            TYPES.labels(type=contract.type)
