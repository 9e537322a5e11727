"""Running handlers: in rounds, so that events of one aggregate keep their order while others go together.

The first round holds the first event of every aggregate in the batch, the second the second, and so on. Within a round
the events of one type and tenant are given to `on_batch` handlers as a list, to `on` handlers one by one.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import Event
from shared.database import scope, scope_of
from shared.messaging.consumer import Consumer
from shared.messaging.envelope import MAX_DATA, Envelope, Received
from shared.messaging.failures import DeadLetterReason, Rejected, describe, passing
from shared.messaging.handlers import Subscription
from shared.messaging.streams import Key
from shared.observing import trace
from shared.observing.spans import span


class Due(NamedTuple):
    """An event to be applied, and the handlers that shall."""

    place: int
    """Where it stands in its batch. Of two events of one stream the one with the lower place goes first."""
    key: Key
    received: Received[Any]
    subscriptions: tuple[Subscription, ...]


class Struck(Exception):
    """The handler of this one event failed."""

    def __init__(self, event: Received[Any], error: Exception) -> None:
        super().__init__(event.envelope.type)
        self.event = event
        self.error = error


def prepare(consumer: Consumer, place: int, key: Key, envelope: Envelope, *, again: bool) -> Due | None:
    """The event as its handlers take it, or None if there are none. Raises Rejected.

    `again`: it was applied before and a replay brought it back, so only handlers that rebuild read models run.
    """
    route = consumer.handlers.route(envelope.type)
    if route is None:
        return None
    subscriptions = route.rebuilding if again else route.subscriptions
    if not subscriptions:
        return None
    if envelope.tenant not in consumer.tenants:
        raise Rejected(DeadLetterReason.UNKNOWN_TENANT, "no community of this id is configured here")
    if len(envelope.data) > MAX_DATA:
        raise Rejected(DeadLetterReason.TOO_LARGE, f"more than {MAX_DATA // 1024} KiB of data")
    return Due(place, key, Received(envelope, _data(route.contract, envelope)), subscriptions)


async def apply(session: AsyncSession, events: Iterable[Due]) -> None:
    """Run the handlers of all events. Leaves the session flushed, in the scope of the last event's tenant.

    Raises what handlers of lists and passing faults raise, and Struck for any other error of a handler of single events.
    """
    for received, subscriptions in _rounds(events):
        if scope_of(session) != received[0].tenant:
            await scope(session, received[0].tenant)
        for subscription in subscriptions:
            if subscription.batch:
                with trace.use(_origin(received)):
                    await subscription.handle(session, received)
            else:
                for one in received:
                    await _handle(session, subscription, one)
        # What the ORM still holds belongs to this tenant, and the next statement may run in another's scope.
        await session.flush()


async def _handle(session: AsyncSession, subscription: Subscription, event: Received[Any]) -> None:
    try:
        with trace.use(_origin([event])), span(f"handle {event.envelope.type}", kind=SpanKind.CONSUMER):
            await subscription.handle(session, event)
    except Exception as error:
        if passing(error):
            raise
        raise Struck(event, error) from error


def _rounds(events: Iterable[Due]) -> Iterable[tuple[list[Received[Any]], tuple[Subscription, ...]]]:
    """Lists of events that may be handled together, in the order in which to do so."""
    seen: Counter[Key] = Counter()
    rounds: list[dict[tuple[str, str, int], tuple[list[Received[Any]], tuple[Subscription, ...]]]] = []
    for _, key, received, subscriptions in events:
        turn = seen[key]
        seen[key] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        # Events that come again have fewer subscriptions than those of the same type that are new.
        group = (received.envelope.tenant, received.envelope.type, len(subscriptions))
        together = rounds[turn].get(group)
        if together is None:
            rounds[turn][group] = ([received], subscriptions)
        else:
            together[0].append(received)
    for groups in rounds:
        for _, together in sorted(groups.items(), key=_tenant):  # stable: types stay in the order of the log
            yield together


def _tenant(group: tuple[tuple[str, str, int], object]) -> str:
    return group[0][0]


def _data(contract: type[Event], envelope: Envelope) -> Event:
    try:
        return contract.model_validate_json(envelope.data)
    except ValidationError as error:
        raise Rejected(DeadLetterReason.INVALID, describe(error)) from None


def _origin(received: list[Received[Any]]) -> trace.TraceContext:
    """The events recorded meanwhile follow from this one; from several, the handler has to name the cause of each."""
    if len(received) > 1:
        return trace.begin()
    envelope = received[0].envelope
    return trace.begin(envelope.traceparent, correlation=envelope.correlation, causation=envelope.id)
