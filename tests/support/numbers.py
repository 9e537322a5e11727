"""What the metrics of this process say. Counters are of the whole session of tests: compare before and after."""

from shared.observing import metrics


def number(series: str, **labels: str) -> float | None:
    """The value of `longxi_<series>` with exactly these labels; None where there is none."""
    name = f"longxi_{series}"
    # Of this one alone: all that a session of tests has counted is tens of thousands of lines.
    for family in metrics.REGISTRY.restricted_registry([name]).collect():
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def count(series: str, **labels: str) -> float:
    """The same of a counter, 0 where nothing was counted yet."""
    return number(series, **labels) or 0.0
