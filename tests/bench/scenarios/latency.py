"""Latency: from an event's commit to the consumer's committed effect at 200 events a second, against a bare chain."""

from collections.abc import Sequence

from tests.bench.chains import bare_chain, our_chain
from tests.bench.figures import Figure, percentile, ratios
from tests.bench.ground import Ground

FIGURES = ("latency_p50_ms", "latency_p99_ms", "latency_p50_ratio", "latency_p99_ratio")
_RATE = 200.0
_EVENTS = 2_000


async def measure(ground: Ground) -> Sequence[Figure]:
    middle: dict[str, list[float]] = {"ours": [], "bare": []}
    tail: dict[str, list[float]] = {"ours": [], "bare": []}
    await bare_chain(ground, ground.sized(_EVENTS), _RATE)  # a fresh broker compiles while it works
    for _ in range(ground.rounds):
        for side, chain in (("ours", our_chain), ("bare", bare_chain)):
            taken = await chain(ground, ground.sized(_EVENTS), _RATE)
            middle[side].append(percentile(taken, 0.5) * 1000)
            tail[side].append(percentile(taken, 0.99) * 1000)
    note = ground.log_note
    return [
        Figure("latency_p50_ms", middle["ours"], note=note),
        Figure("latency_p99_ms", tail["ours"], note=note),
        ratios("latency_p50_ratio", middle["ours"], middle["bare"], 1.5, at_least=False, note=note),
        ratios("latency_p99_ratio", tail["ours"], tail["bare"], 2.0, at_least=False, note=note),
    ]
