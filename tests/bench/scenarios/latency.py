"""Latency: from an event's commit to the consumer's committed effect at 200 events a second, against a bare chain.

Both also at 50 a second, where no core of a small machine is short: the difference between the two is queueing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.chains import bare_chain, our_chain
from tests.bench.figures import Figure, percentile, ratios
from tests.bench.ground import Ground

FIGURES = (
    "latency_p50_ms",
    "latency_p99_ms",
    "latency_p50_ratio",
    "latency_p99_ratio",
    "latency_p50_ratio_at_50",
    "latency_p99_ratio_at_50",
)
_RATE = 200.0
_EVENTS = 2_000
_CALM_RATE = 50.0
_CALM_EVENTS = 500
_WARMING_RATE = 400.0
_WARMING_EVENTS = 6_000
"""A fresh broker compiles while it works: for the first ten seconds that takes as much as the work."""


@dataclass(slots=True)
class _Taken:
    """Milliseconds, a value a round."""

    middle: list[float] = field(default_factory=list)
    tail: list[float] = field(default_factory=list)

    def note(self, seconds: Sequence[float]) -> None:
        self.middle.append(percentile(seconds, 0.5) * 1000)
        self.tail.append(percentile(seconds, 0.99) * 1000)


async def measure(ground: Ground) -> Sequence[Figure]:
    ours, bare, calm_ours, calm_bare = _Taken(), _Taken(), _Taken(), _Taken()
    await bare_chain(ground, ground.sized(_WARMING_EVENTS), _WARMING_RATE)
    for _ in range(ground.rounds):
        ours.note(await our_chain(ground, ground.sized(_EVENTS), _RATE))
        bare.note(await bare_chain(ground, ground.sized(_EVENTS), _RATE))
        calm_ours.note(await our_chain(ground, ground.sized(_CALM_EVENTS), _CALM_RATE))
        calm_bare.note(await bare_chain(ground, ground.sized(_CALM_EVENTS), _CALM_RATE))
    note = ground.log_note
    return [
        Figure("latency_p50_ms", ours.middle, note=note),
        Figure("latency_p99_ms", ours.tail, note=note),
        ratios("latency_p50_ratio", ours.middle, bare.middle, 1.5, at_least=False, note=note),
        ratios("latency_p99_ratio", ours.tail, bare.tail, 2.0, at_least=False, note=note),
        ratios("latency_p50_ratio_at_50", calm_ours.middle, calm_bare.middle, None, note=note),
        ratios("latency_p99_ratio_at_50", calm_ours.tail, calm_bare.tail, None, note=note),
    ]
