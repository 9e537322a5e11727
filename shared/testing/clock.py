"""A clock that stands still until it is told otherwise."""

from datetime import datetime, timedelta


class FrozenClock:
    """Call it for the time, as any Clock. `start` has to be aware."""

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> datetime:
        self._now += by
        return self._now

    def set(self, to: datetime) -> None:
        self._now = _aware(to)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a clock needs aware times")
    return moment
