"""When to try again, as pure arithmetic: the caller keeps the time and does the waiting."""

import random as standard_random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential growth from `initial` by `factor` up to `cap`; `jitter` shortens a delay by up to that share.

    `Backoff(timedelta(minutes=5), factor=1, jitter=0, attempts=48)` is "every five minutes, at most 48 times".
    Jitter keeps those who failed together from coming back together; it only shortens, so `cap` holds.
    """

    initial: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    cap: timedelta = timedelta(minutes=5)
    jitter: float = 0.2
    attempts: int | None = None
    """How many tries in all, the first included; None: without end."""

    def __post_init__(self) -> None:
        if self.initial < timedelta(0) or self.cap < timedelta(0):
            raise ValueError("a delay cannot be negative")
        if self.factor < 1 or not 0 <= self.jitter <= 1:
            raise ValueError("factor is at least 1, jitter a share between 0 and 1")
        if self.attempts is not None and self.attempts < 1:
            raise ValueError("there is at least one attempt")

    def delay(self, attempt: int, random: Callable[[], float] = standard_random.random) -> timedelta:
        """How long to wait after the `attempt`-th failure (from 1). `random` gives [0, 1), like `random.random`."""
        if attempt < 1:
            raise ValueError("attempts count from 1")
        # Bounded by the cap before it is multiplied out: 2.0 ** 2000 does not fit a float.
        seconds, limit = self.initial.total_seconds(), self.cap.total_seconds()
        if self.factor > 1:
            for _ in range(attempt - 1):
                if seconds <= 0 or seconds >= limit:
                    break
                seconds *= self.factor
        return timedelta(seconds=min(seconds, limit) * (1 - self.jitter * random()))

    def gives_up(self, attempt: int) -> bool:
        """Whether the `attempt`-th failure (from 1) was the last one allowed."""
        return self.attempts is not None and attempt >= self.attempts
