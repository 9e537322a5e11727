"""What the metrics of this process say. Counters are of the whole session of tests: compare before and after."""

from prometheus_client.parser import text_string_to_metric_families

from shared.observing import metrics


def number(series: str, **labels: str) -> float | None:
    """The value of `longxi_<series>` with exactly these labels; None where there is none."""
    text = metrics.exposition()[0].decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == f"longxi_{series}" and sample.labels == labels:
                return sample.value
    return None


def count(series: str, **labels: str) -> float:
    """The same of a counter, 0 where nothing was counted yet."""
    return number(series, **labels) or 0.0
