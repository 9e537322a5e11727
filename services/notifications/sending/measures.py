"""What is counted of messages as their events are published, and how long something is due that no sender takes."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from itertools import product

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.rules import FINAL, Channel
from shared.clock import Clock
from shared.contracts.casework import WorkerAssigned
from shared.contracts.intake import RequestFiled
from shared.contracts.notifications import MessageDelivered, MessageFailed, RecipientKind
from shared.database import Database
from shared.messaging.envelope import Received, made_at
from shared.messaging.watching import Watch
from shared.observing import metrics
from shared.observing.measuring import Measure

NextDue = Callable[[AsyncSession], Awaitable[datetime | None]]
"""When the first of a community's is due."""
# From the inbox, which takes milliseconds, to an SMS that waits for the end of quiet hours and a provider's outage.
SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 72 * 3600)
_TOLD = metrics.histogram(
    "told_seconds",
    "From an event to the delivery of a message that tells of it",
    ["event", "recipient"],
    buckets=SECONDS,
)
_ENDED = metrics.counter(
    "messages_ended", "Messages and webhook calls that reached an end", ["channel", "state"]
)
_OVERDUE = metrics.gauge(
    "sending_overdue_seconds", "How long the first of what is due waits that no sender has taken", ["what"]
)

# Known from the start, or the first of a kind would be no increase to whoever reads. The other events and recipients
# are too many to show before they happen.
for _channel, _state in product(Channel, sorted(FINAL)):
    _ENDED.labels(channel=_channel.value, state=_state.value)
for _event, _recipient in (
    (RequestFiled, RecipientKind.RESIDENT),
    (WorkerAssigned, RecipientKind.RESIDENT),
    (WorkerAssigned, RecipientKind.WORKER),
):
    _TOLD.labels(event=_event.type, recipient=_recipient.value)


def register(watch: Watch) -> None:
    @watch.on(MessageDelivered)
    def delivered(event: Received[MessageDelivered]) -> None:
        told = event.data
        _ENDED.labels(channel=told.channel, state="delivered").inc()
        # Its cause is the event that it tells of; the district's may have ids that do not say when they were made.
        began = made_at(event.envelope.causation) if event.envelope.causation else None
        if began is not None:
            seconds = max(0.0, (event.envelope.made - began) / 1000)
            _TOLD.labels(event=told.event, recipient=told.recipient_kind.value).observe(seconds)

    @watch.on(MessageFailed)
    def failed(event: Received[MessageFailed]) -> None:
        _ENDED.labels(channel=event.data.channel, state=event.data.state).inc()


def overdue(
    database: Database, tenants: Iterable[str], clock: Clock, lines: Mapping[str, NextDue]
) -> Measure:
    """Of all communities; `lines` by what they send. What waits for quiet hours, a pause or its lease is not due."""

    async def look() -> None:
        now, longest = clock(), dict.fromkeys(lines, 0.0)
        for tenant in tenants:
            async with database.transaction(tenant) as session:
                for what, next_due in lines.items():
                    due = await next_due(session)
                    if due is not None:
                        longest[what] = max(longest[what], (now - due).total_seconds())
        for what, seconds in longest.items():
            _OVERDUE.labels(what=what).set(seconds)

    return Measure(look, (_OVERDUE,))


__all__ = ["overdue", "register"]
