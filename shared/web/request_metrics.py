"""How many requests, how long, how they ended, by the route's template: an address holds ids, and would name people."""

from prometheus_client import Histogram
from starlette.types import Scope

from shared.observing import metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNMATCHED = "unmatched"
_DURATION = metrics.histogram(
    "http_request_seconds",
    "Time to answer an HTTP request, by route template and class of status",
    ["method", "route", "status"],
)


class RequestMetrics:
    """Keeps the series it has used, since looking one up by labels costs more than counting."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str, int], Histogram] = {}

    def observe(self, scope: Scope, status: int, seconds: float) -> str:
        """Count an answer (status 0: none was sent). Gives the operation's name, `GET /v1/requests/{id}`."""
        route = getattr(scope.get("route"), "path", _UNMATCHED)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = (method, route, status // 100)
        series = self._series.get(key)
        if series is None:
            series = _DURATION.labels(method, route, f"{status // 100}xx" if status else "none")
            self._series[key] = series
        series.observe(seconds)
        return f"{method} {route}"


__all__ = ["RequestMetrics"]
