"""What is counted of requests that say the same, as their events are published."""

from shared.contracts.intake import RequestDuplicated, RequestSeparated
from shared.messaging.envelope import Received
from shared.messaging.watching import Watch
from shared.observing import metrics

_JOINED = metrics.counter(
    "requests_joined", "Requests joined to another that says the same (并案), and separated again", ["what"]
)

for _what in ("joined", "separated"):
    _JOINED.labels(what=_what)


def register(watch: Watch) -> None:
    @watch.on(RequestDuplicated)
    def joined(event: Received[RequestDuplicated]) -> None:
        # With a request go those that were joined to it: they were counted then.
        if not event.data.moved:
            _JOINED.labels(what="joined").inc()

    @watch.on(RequestSeparated)
    def separated(_event: Received[RequestSeparated]) -> None:
        _JOINED.labels(what="separated").inc()


__all__ = ["register"]
