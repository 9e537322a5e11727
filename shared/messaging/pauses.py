"""How long to wait before reaching for a log's server again."""

import random
from collections.abc import Iterator

_FIRST = 0.1
_LONGEST = 5.0


def pauses() -> Iterator[float]:
    """Seconds, without end: doubling to 5, each up to a half shorter so that members do not come all at once."""
    pause = _FIRST
    while True:
        yield pause * random.uniform(0.5, 1.0)  # noqa: S311  spreads load, keeps no secret
        pause = min(pause * 2, _LONGEST)
