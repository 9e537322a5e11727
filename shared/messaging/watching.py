"""Counting what a service has published: facts for its metrics, after they are committed and only then.

    watch = Watch()

    @watch.on(RequestClosed)
    def closed(event: Received[RequestClosed]) -> None:
        CLOSED.labels(outcome=event.data.outcome).inc()

The active relay calls it when the log has the event, so each is counted once, in one process of a service; one that is
published again after a crash may be counted again. A replay counts nothing. Whoever sums over processes has the sum.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import asyncpg

from shared.contracts.base import Event
from shared.messaging import measures
from shared.messaging.envelope import Envelope, Received, source_of
from shared.observing import get_logger

E = TypeVar("E", bound=Event)
Count = Callable[[Received[E]], None]

_log = get_logger(__name__)


class Watch:
    """A service's counting functions, filled by its features and called by the relay."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[type[Event], tuple[Count[Any], ...]]] = {}

    def on(self, contract: type[E]) -> Callable[[Count[E]], Count[E]]:
        """Register a function that counts. It is quick, waits for nothing, and touches nothing but metrics."""

        def register(count: Count[E]) -> Count[E]:
            _, before = self._counts.get(contract.type, (contract, ()))
            self._counts[contract.type] = (contract, (*before, count))
            return count

        return register

    def published(self, rows: Sequence[asyncpg.Record]) -> None:
        """Count rows of the outbox, with the columns that the relay reads. Raises nothing."""
        for type, events in Counter(row["type"] for row in rows).items():
            measures.TYPES.labels(type=type).inc(events)
        for row in rows:
            if row["type"] in self._counts:
                self._count(row)

    def _count(self, row: asyncpg.Record) -> None:
        contract, counts = self._counts[row["type"]]
        try:
            event = Received(_envelope(row), contract.model_validate_json(row["data"]))
            for count in counts:
                count(event)
        except Exception as fault:
            # A number that is missing holds up no event.
            _log.error("an event was published and not counted", type=row["type"], error=type(fault).__name__)


def _envelope(row: asyncpg.Record) -> Envelope:
    return Envelope(
        id=row["id"],
        source=source_of(row["topic"]),
        type=row["type"],
        time=row["time"],
        subject=row["aggregate"],
        tenant=row["tenant"],
        sequence=row["sequence"],
        correlation=row["correlation"],
        causation=row["causation"],
        traceparent=row["traceparent"],
        dataschema=row["dataschema"],
        data=row["data"],
    )


__all__ = ["Watch"]
