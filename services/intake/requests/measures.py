"""What is counted of requests as their events are published. Ratios of these are no official rates: see docs/watching.md."""

from itertools import product

from services.intake.requests.limits import LimitKind
from shared.contracts.intake import (
    Channel,
    Outcome,
    RequestAccepted,
    RequestClosed,
    RequestFiled,
    RequestRated,
    RequestReclassified,
    RequestReopened,
    RequestSupervised,
    Urgency,
)
from shared.contracts.vocabulary import codes
from shared.messaging.envelope import Received
from shared.messaging.watching import Watch
from shared.observing import metrics

_FILED = metrics.counter(
    "requests_filed", "Requests filed; with history as records of the past", ["channel", "urgency", "history"]
)
_ACCEPTED = metrics.counter("requests_accepted", "Requests accepted (立案)", ["within_limit"])
_CLOSED = metrics.counter("requests_closed", "Requests closed (结案)", ["outcome", "within_limit"])
_REOPENED = metrics.counter("requests_reopened", "Requests reopened by their residents")
_SUPERVISED = metrics.counter(
    "requests_supervised", "Requests marked for supervision (督办), which halves their limit", ["reason"]
)
_RECLASSIFIED = metrics.counter(
    "requests_reclassified", "Requests that a person gave a category or an urgency", ["reason"]
)
_RATED = metrics.counter(
    "requests_rated",
    "Call-backs (回访) that count for the three rates",
    ["responded", "resolved", "satisfied"],
)
_EXCLUDED = metrics.counter("requests_excluded", "Call-backs left out of the three rates", ["reason"])
_LIMITS = metrics.counter(
    "limits_passed", "Limits of requests that passed before their step was done", ["limit"]
)
_FLAGS = ("no", "yes")

# Known from the start, or the first of a kind would be no increase to whoever reads.
for _channel, _urgency, _flag in product(Channel, Urgency, _FLAGS):
    _FILED.labels(channel=_channel.value, urgency=_urgency.value, history=_flag)
for _flag in _FLAGS:
    _ACCEPTED.labels(within_limit=_flag)
    for _outcome in Outcome:
        _CLOSED.labels(outcome=_outcome.value, within_limit=_flag)
for _kind in LimitKind:
    _LIMITS.labels(limit=_kind.value)
for _reason in codes("exclusion_reason"):
    _EXCLUDED.labels(reason=_reason)
for _reason in codes("supervision_reason"):
    _SUPERVISED.labels(reason=_reason)
for _reason in codes("reclassify_reason"):
    _RECLASSIFIED.labels(reason=_reason)
for _answers in product(_FLAGS, repeat=3):
    _RATED.labels(*_answers)


def register(watch: Watch) -> None:
    @watch.on(RequestFiled)
    def filed(event: Received[RequestFiled]) -> None:
        request = event.data
        _FILED.labels(
            channel=request.channel.value, urgency=request.urgency.value, history=_word(request.history)
        ).inc()

    @watch.on(RequestAccepted)
    def accepted(event: Received[RequestAccepted]) -> None:
        _ACCEPTED.labels(within_limit=_word(event.data.within_limit)).inc()

    @watch.on(RequestClosed)
    def closed(event: Received[RequestClosed]) -> None:
        outcome, within = event.data.outcome.value, _word(event.data.within_limit)
        _CLOSED.labels(outcome=outcome, within_limit=within).inc()

    @watch.on(RequestReopened)
    def reopened(_event: Received[RequestReopened]) -> None:
        _REOPENED.inc()

    @watch.on(RequestSupervised)
    def supervised(event: Received[RequestSupervised]) -> None:
        _SUPERVISED.labels(reason=event.data.reason).inc()

    @watch.on(RequestReclassified)
    def reclassified(event: Received[RequestReclassified]) -> None:
        _RECLASSIFIED.labels(reason=event.data.reason).inc()

    @watch.on(RequestRated)
    def rated(event: Received[RequestRated]) -> None:
        rating = event.data
        if rating.excluded:
            _EXCLUDED.labels(reason=rating.reason or "unknown").inc()
        else:
            answers = (rating.responded, rating.resolved, rating.satisfied)
            _RATED.labels(*map(_word, answers)).inc()


def limit_passed(kind: LimitKind) -> None:
    """A request's limit of this kind passed and was marked, in a transaction that is committed."""
    _LIMITS.labels(limit=kind.value).inc()


def _word(flag: bool) -> str:
    return "yes" if flag else "no"


__all__ = ["limit_passed", "register"]
