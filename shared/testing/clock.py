"""Clocks for tests: one that stands still, and one that runs from another moment."""

from datetime import datetime, timedelta

from shared.clock import system_clock


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


class RunningClock:
    """Runs as the system's does, but began at `start`; for whole services, whose pauses have to end."""

    def __init__(self, start: datetime) -> None:
        self._ahead = _aware(start) - system_clock()

    def __call__(self) -> datetime:
        return system_clock() + self._ahead

    def advance(self, by: timedelta) -> datetime:
        self._ahead += by
        return self()

    def set(self, to: datetime) -> None:
        self._ahead = _aware(to) - system_clock()


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a clock needs aware times")
    return moment
