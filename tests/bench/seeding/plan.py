"""How much of what, and when: a past that grows while the staff and the open work stay as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from uuid import UUID

FOLDER = Path(__file__).parent
WINDOW_DAYS = 14
_PAST = timedelta(days=300)
_ENDED = timedelta(hours=2)  # before now, so that nothing seeded lies in the future
_REQUESTS_OF_A_RESIDENT = 5
EVENTS = {"intake": 10, "casework": 4, "notifications": 4}
"""Outbox rows for each request."""
TAKEN = {"intake": 4, "casework": 10, "notifications": 10}
"""Inbox rows for each request: of one of the topics that a service reads."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests number 1 to `requests`, filed evenly over 300 days; of them the last `open` are not finished."""

    requests: int
    open: int
    block: int
    """Of so many requests in a row, every fifth is of one import."""
    workers: Sequence[UUID]
    grids: Sequence[UUID]
    now: datetime

    @property
    def residents(self) -> int:
        return max(self.requests // _REQUESTS_OF_A_RESIDENT, 1)

    @property
    def start_ms(self) -> int:
        return int((self.now - _PAST).timestamp() * 1000)

    @property
    def span_ms(self) -> int:
        return int((_PAST - _ENDED).total_seconds() * 1000)

    def ms(self, n: int) -> int:
        """When the n-th was filed, as `bench.ms` in SQL."""
        return self.start_ms + n * self.span_ms // self.requests

    def sql(self, file: str) -> list[str]:
        """The statements of a file with the numbers filled in."""
        given = {
            **{
                name: getattr(self, name)
                for name in ("requests", "open", "block", "residents", "start_ms", "span_ms")
            },
            "late": self.open // 10,
            "workers": _array(self.workers),
            "worker_count": len(self.workers),
            "grids": _array(self.grids),
            "grid_count": len(self.grids),
        }
        return Template((FOLDER / f"{file}.sql").read_text()).substitute(given).split("-- next\n")


def at_midnight(now: datetime, days: int) -> datetime:
    """The start of the day so many days from now, in UTC, as the partitions have it."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=days)


def _array(ids: Sequence[UUID]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"
