"""Paths that speak a standard of others, which has a form of its own for errors.

    provides=[Dialect("/open311/", refused=errors_of_georeport)]

Every refusal under the prefix is then put into that form, whoever refuses: the edge, the gate, a route, or nobody's
path. A service has at most one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import Response

from shared.refusals import Refusal

Refused = Callable[[HTTPConnection, Refusal, Mapping[str, Any], Mapping[str, str]], Response]
"""Of a refusal, the problem document that it would be (RFC 9457), and the headers that go with it, the answer."""


@dataclass(frozen=True, slots=True)
class Dialect:
    prefix: str
    """Of the paths that speak it."""
    refused: Refused


def dialect_of(connection: HTTPConnection) -> Dialect | None:
    """The dialect of the path that is being answered, if it has one."""
    app = connection.scope.get("app")
    available = getattr(getattr(app, "state", None), "provided", None)
    dialect = None if available is None else available.get(Dialect)
    if isinstance(dialect, Dialect) and connection.scope["path"].startswith(dialect.prefix):
        return dialect
    return None


__all__ = ["Dialect", "Refused", "dialect_of"]
