"""Whether a series of samples is flat: a slope that a few wild samples cannot bend. Pure."""

from collections.abc import Sequence
from itertools import combinations
from statistics import median

_MOST_POINTS = 200  # pairs grow with the square


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Change a second: the median of the slopes between all pairs (Theil 1950, Sen 1968). 0 for fewer than two."""
    points = _thinned(samples)
    rises = [(b - a) / (t - s) for (s, a), (t, b) in combinations(points, 2) if t > s]
    return median(rises) if rises else 0.0


def within(
    samples: Sequence[tuple[float, float]], spans: Sequence[tuple[float, float]]
) -> Sequence[Sequence[tuple[float, float]]]:
    """The samples of each span of time: a process that is started again begins anew."""
    return [[(at, value) for at, value in samples if begin <= at < end] for begin, end in spans]


def rise_of_lives(lives: Sequence[Sequence[tuple[float, float]]]) -> float:
    """Change a second over several lives of a process, the longer ones counting for more."""
    weighed = [(life[-1][0] - life[0][0], slope(life)) for life in lives if len(life) > 2]
    whole = sum(seconds for seconds, _ in weighed)
    return sum(seconds * rise for seconds, rise in weighed) / whole if whole else 0.0


def _thinned(samples: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    step = max(len(samples) // _MOST_POINTS, 1)
    return samples[::step]
