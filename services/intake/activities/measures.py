"""What is counted of activities as their events are published."""

from shared.contracts.intake.activities import (
    ActivityCancelled,
    ActivityHeld,
    ActivityJoined,
    ActivityLeft,
    ActivityOpened,
    ActivityPromoted,
    ActivityWaitlisted,
)
from shared.messaging.envelope import Received
from shared.messaging.watching import Watch
from shared.observing import metrics

_SIGNED_UP = metrics.counter("activity_sign_ups", "People who signed up for an activity", ["place"])
_LEFT = metrics.counter("activity_places_given_back", "Places of activities given back", ["late"])
_PROMOTED = metrics.counter("activity_promotions", "People who moved up from the waiting list")
_ACTIVITIES = metrics.counter("activities", "Activities opened, held and cancelled", ["what"])
_PEOPLE = metrics.counter("activity_people", "People at the end of activities", ["came"])

for _place in ("in", "waiting"):
    _SIGNED_UP.labels(place=_place)
for _late in ("yes", "no"):
    _LEFT.labels(late=_late)
for _what in ("opened", "held", "cancelled"):
    _ACTIVITIES.labels(what=_what)
for _came in ("yes", "no", "no_place"):
    _PEOPLE.labels(came=_came)


def register(watch: Watch) -> None:
    @watch.on(ActivityJoined)
    def joined(_event: Received[ActivityJoined]) -> None:
        _SIGNED_UP.labels(place="in").inc()

    @watch.on(ActivityWaitlisted)
    def waitlisted(_event: Received[ActivityWaitlisted]) -> None:
        _SIGNED_UP.labels(place="waiting").inc()

    @watch.on(ActivityPromoted)
    def promoted(_event: Received[ActivityPromoted]) -> None:
        _PROMOTED.inc()

    @watch.on(ActivityLeft)
    def left(event: Received[ActivityLeft]) -> None:
        if event.data.had_place:
            _LEFT.labels(late="yes" if event.data.late else "no").inc()

    @watch.on(ActivityOpened)
    def opened(_event: Received[ActivityOpened]) -> None:
        _ACTIVITIES.labels(what="opened").inc()

    @watch.on(ActivityCancelled)
    def cancelled(_event: Received[ActivityCancelled]) -> None:
        _ACTIVITIES.labels(what="cancelled").inc()

    @watch.on(ActivityHeld)
    def held(event: Received[ActivityHeld]) -> None:
        _ACTIVITIES.labels(what="held").inc()
        for came, number in (
            ("yes", event.data.attended),
            ("no", event.data.absent),
            ("no_place", event.data.unplaced),
        ):
            _PEOPLE.labels(came=came).inc(number)


__all__ = ["register"]
