"""Numbers about the process: named alike, bounded, and never about a person."""

import httpx
import pytest

from shared.observing import metrics
from shared.observing.metrics import MetricRefused


def exposed() -> str:
    return metrics.exposition()[0].decode()


def test_a_counter_is_exposed_under_the_products_name() -> None:
    filed = metrics.counter("test_filed", "Requests filed", ["channel"])
    filed.labels(channel="portal").inc()
    filed.labels("portal").inc(2)
    assert 'longxi_test_filed_total{channel="portal"} 3.0' in exposed()
    assert "longxi_test_filed_created" not in exposed()


def test_gauges_and_histograms_are_exposed() -> None:
    metrics.gauge("test_waiting", "Waiting").set(7)
    metrics.histogram("test_took_seconds", "Took", ["job"]).labels(job="sweep").observe(0.03)
    assert "longxi_test_waiting 7.0" in exposed()
    assert 'longxi_test_took_seconds_bucket{job="sweep",le="0.05"} 1.0' in exposed()


def test_the_same_definition_gives_the_same_metric() -> None:
    assert metrics.counter("test_same", "Same", ["kind"]) is metrics.counter(
        "longxi_test_same", "Same", ["kind"]
    )


def test_values_beyond_the_limit_are_counted_as_other() -> None:
    many = metrics.counter("test_many", "Many", ["kind"])
    for number in range(metrics.LABEL_SETS + 50):
        many.labels(kind=f"k{number}").inc()
    many.labels(kind="k0").inc()
    text = exposed()
    assert text.count("longxi_test_many_total{") == metrics.LABEL_SETS + 1
    assert 'longxi_test_many_total{kind="other"} 50.0' in text
    assert 'longxi_test_many_total{kind="k0"} 2.0' in text


REFUSED = [
    ("Test", [], "upper case"),
    ("test name", [], "a space"),
    ("test_resident", ["resident"], "a series for each resident"),
    ("test_any_id", ["grid_id"], "ids have no bound"),
    ("test_phone", ["phone"], "personal data"),
]


@pytest.mark.parametrize(("name", "labels", "reason"), REFUSED, ids=[case[2] for case in REFUSED])
def test_a_metric_that_would_grow_without_end_is_refused(name: str, labels: list[str], reason: str) -> None:
    with pytest.raises(MetricRefused):
        metrics.counter(name, reason, labels)


def test_a_metric_has_one_meaning() -> None:
    metrics.counter("test_once", "Once", ["kind"])
    with pytest.raises(MetricRefused):
        metrics.gauge("test_once", "Once", ["kind"])
    with pytest.raises(MetricRefused):
        metrics.counter("test_once", "Once", ["other_kind"])


@pytest.mark.parametrize("wrong", [{}, {"kind": "a", "more": "b"}, {"sort": "a"}])
def test_labels_are_given_as_defined(wrong: dict[str, str]) -> None:
    with pytest.raises(MetricRefused):
        metrics.counter("test_labels", "Labels", ["kind"]).labels(**wrong)


async def test_a_worker_answers_over_http() -> None:
    transport = httpx.ASGITransport(app=metrics.metrics_app)
    async with httpx.AsyncClient(transport=transport, base_url="http://worker") as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    assert "process_cpu_seconds_total" in answer.text
