"""What a job is, and when it is due next."""

import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from shared.calendar import SHANGHAI

_NAME = re.compile(r"[a-z][a-z0-9-]{0,47}")
_DAY = timedelta(days=1)
# So that jobs with the same interval do not stay in step for ever.
_JITTER = 0.05
_MOST_JITTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Job:
    """Runs `run` every so often, counted from the start of the last run; at the time of day `at` (Shanghai), if given.

    `run` must bear being done twice: a machine may go down after the work and before it is recorded. It opens its own
    transactions, short ones, and is cancelled when the process stops or the lease is lost.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[None]]
    at: time | None = None
    """Only for an interval of whole days: `Job("retention", every=timedelta(days=1), run=…, at=time(2, 30))`."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r} is not a job's name: lower case, digits, dashes")
        if self.every <= timedelta(0):
            raise ValueError(f"{self.name}: the interval is positive")
        if self.at is not None and self.every % _DAY:
            raise ValueError(f"{self.name}: a time of day needs an interval of whole days")

    def first_due(self, now: datetime) -> datetime:
        """For a job that never ran: at once, or at its time of day."""
        return now if self.at is None else self._at(now, days=0)

    def next_due(
        self, started: datetime, now: datetime, chance: Callable[[], float] = random.random
    ) -> datetime:
        """After a run that began at `started`. What was missed meanwhile is not made up for."""
        if self.at is None:
            return max(started + self.every, now) + min(self.every * _JITTER, _MOST_JITTER) * chance()
        return self._at(now, days=self.every.days - 1)

    def _at(self, now: datetime, days: int) -> datetime:
        """The first time of day `at` after `now`, and `days` more."""
        assert self.at is not None
        today = datetime.combine(now.astimezone(SHANGHAI), self.at, SHANGHAI)
        following = today if today > now else today + _DAY
        return (following + timedelta(days=days)).astimezone(UTC)
