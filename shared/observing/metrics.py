"""Prometheus metrics: one registry, names `longxi_*`, labels of few values.

    FILED = metrics.counter("requests_filed", "Requests filed", ["channel"])
    FILED.labels(channel="portal").inc()

A label with an id in it would grow a time series for each resident, and name them. So label names that sound like an id
or a person are refused where the metric is defined, and a metric keeps at most `LABEL_SETS` combinations of values;
what comes after is counted under `other`.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import prometheus_client as prometheus
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import Receive, Scope, Send

LABEL_SETS = 2000
"""The largest service has 200 routes, each with four classes of status at most; more than this means an unbounded label."""
OTHER = "other"
# Seconds: fine around what people feel (5 ms to 1 s), coarse up to a job's minutes.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
# Things handled in one go: rows of a batch, events of a poll.
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Names of labels whose values have no end, or say who something is about.
_UNBOUNDED = frozenset(
    [
        *["address", "email", "name", "phone", "reference", "request", "resident", "subject", "worker"],
        *["case", "correlation", "id", "key", "path", "url"],
    ]
)

# Otherwise a third of all series would say when a counter was made, and nothing asks for that.
prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = prometheus.CollectorRegistry(auto_describe=True)
prometheus.ProcessCollector(registry=REGISTRY)
prometheus.PlatformCollector(registry=REGISTRY)
prometheus.GCCollector(registry=REGISTRY)


class MetricRefused(ValueError):
    """A metric is badly named, has a label of unbounded values, or is defined twice in different ways."""


class _Bounds:
    """Which combinations of label values a metric has; the ones beyond the limit become `other`."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        self.labels = labels
        # A metric without labels has one series, and always.
        self._known: set[tuple[str, ...]] = set() if labels else {()}

    @property
    def known(self) -> frozenset[tuple[str, ...]]:
        """The combinations in use, values in the order of the labels."""
        return frozenset(self._known)

    def fit(self, values: tuple[object, ...], named: dict[str, Any]) -> tuple[str, ...]:
        if (values and named) or (
            set(named) != set(self.labels) if named else len(values) != len(self.labels)
        ):
            raise MetricRefused(f"the labels are {', '.join(self.labels)}")
        wanted = tuple(str(named[label]) for label in self.labels) if named else tuple(map(str, values))
        if wanted in self._known:
            return wanted
        if len(self._known) >= LABEL_SETS:
            return (OTHER,) * len(self.labels)
        self._known.add(wanted)
        return wanted


class Counter(prometheus.Counter):
    bounds: _Bounds

    def labels(self, *values: object, **named: Any) -> "Counter":
        return super().labels(*self.bounds.fit(values, named))


class Gauge(prometheus.Gauge):
    bounds: _Bounds

    def labels(self, *values: object, **named: Any) -> "Gauge":
        return super().labels(*self.bounds.fit(values, named))


class Histogram(prometheus.Histogram):
    bounds: _Bounds

    def labels(self, *values: object, **named: Any) -> "Histogram":
        return super().labels(*self.bounds.fit(values, named))


M = TypeVar("M", Counter, Gauge, Histogram)
_defined: dict[str, Counter | Gauge | Histogram] = {}


def counter(name: str, doc: str, labels: Sequence[str] = ()) -> Counter:
    """Something that only grows. Exposed as `longxi_<name>_total`."""
    return _define(Counter, name, doc, labels)


def gauge(name: str, doc: str, labels: Sequence[str] = ()) -> Gauge:
    """Something that goes up and down: a queue's length, an age in seconds."""
    return _define(Gauge, name, doc, labels)


def histogram(
    name: str, doc: str, labels: Sequence[str] = (), *, buckets: Sequence[float] = SECONDS
) -> Histogram:
    """How long (seconds, in `<name>_seconds`) or how much; `buckets` are upper bounds."""
    return _define(Histogram, name, doc, labels, buckets=tuple(buckets))


def _define(kind: type[M], name: str, doc: str, labels: Sequence[str], **more: Any) -> M:
    full = "longxi_" + name.removeprefix("longxi_").removesuffix("_total")
    if not _NAME.fullmatch(full):
        raise MetricRefused(f"{name!r} is not a metric's name: lower case, digits, underscores")
    if bad := [label for label in labels if label in _UNBOUNDED or label.endswith("_id")]:
        raise MetricRefused(
            f"{full}: the label {bad[0]!r} has no bound on its values, or says who it is about"
        )
    if (before := _defined.get(full)) is not None:
        # A module may be loaded twice (a test, a reload); the same definition gives the same metric.
        if isinstance(before, kind) and before.bounds.labels == tuple(labels):
            return before
        raise MetricRefused(
            f"{full} is already defined as a {type(before).__name__} of {before.bounds.labels}"
        )
    metric = kind(full, doc, tuple(labels), registry=REGISTRY, **more)
    metric.bounds = _Bounds(tuple(labels))
    _defined[full] = metric
    return metric


def defined() -> Mapping[str, Counter | Gauge | Histogram]:
    """Every metric of ours that the modules loaded so far have made, by its full name without `_total`."""
    return MappingProxyType(_defined)


def exposition() -> tuple[bytes, str]:
    """All metrics of this process in Prometheus' text format, and its content type."""
    return generate_latest(REGISTRY), CONTENT_TYPE_LATEST


async def metrics_app(scope: Scope, receive: Receive, send: Send) -> None:
    """`exposition` as an ASGI application, for a worker that has no other HTTP."""
    if scope["type"] != "http":
        return
    body, content_type = exposition()
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
