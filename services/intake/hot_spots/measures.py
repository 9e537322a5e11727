"""What is counted of hot spots as their events are published."""

from shared.contracts.intake import HotSpotAnnounced, HotSpotCooled
from shared.messaging.envelope import Received
from shared.messaging.watching import Watch
from shared.observing import metrics

_HOT_SPOTS = metrics.counter("hot_spots", "Hot spots (热点) announced, and cooled again", ["what"])

for _what in ("announced", "cooled"):
    _HOT_SPOTS.labels(what=_what)


def register(watch: Watch) -> None:
    @watch.on(HotSpotAnnounced)
    def announced(_event: Received[HotSpotAnnounced]) -> None:
        _HOT_SPOTS.labels(what="announced").inc()

    @watch.on(HotSpotCooled)
    def cooled(_event: Received[HotSpotCooled]) -> None:
        _HOT_SPOTS.labels(what="cooled").inc()


__all__ = ["register"]
