"""What is counted of points as their events are published."""

from services.intake.points.rules import Reason
from shared.contracts.intake import PointsPosted
from shared.contracts.vocabulary import codes
from shared.messaging.envelope import Received
from shared.messaging.watching import Watch
from shared.observing import metrics

_POSTED = metrics.counter("points_posted", "Changes of volunteers' points (积分)", ["reason"])
_EARNED = metrics.counter("points_earned", "Points that volunteers earned")
_SPENT = metrics.counter("points_spent", "Points that volunteers spent")

for _reason in codes("point_reason"):
    _POSTED.labels(reason=_reason)


def register(watch: Watch) -> None:
    @watch.on(PointsPosted)
    def posted(event: Received[PointsPosted]) -> None:
        _POSTED.labels(reason=event.data.reason).inc()
        if event.data.reason == Reason.ATTENDED:
            _EARNED.inc(max(event.data.amount, 0))
        elif event.data.reason == Reason.ORDERED:
            _SPENT.inc(max(-event.data.amount, 0))


__all__ = ["register"]
