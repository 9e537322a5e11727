"""One request and its answer, as the edge sees them; everything inside finds it in the ASGI scope."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.types import Scope

from shared.refusals import Language
from shared.web.refusals import InvalidHeader

_SCOPE_KEY = "longxi.exchange"
_UUID_LENGTHS = (36, 32)


@dataclass(slots=True)
class Exchange:
    """Headers as they came (lower case, the last of several) and what the answer will carry beyond its own."""

    headers: Mapping[bytes, bytes]
    language: Language
    correlation: UUID
    answer_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    status: int = 0
    """Of the answer, once it has begun."""
    is_page: bool = False
    """The answer is a page for a browser rather than data, so it may bring its own styles."""

    def header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def add(self, name: str, value: str) -> None:
        """Send a header with the answer, whatever it will be."""
        self.answer_headers.append((name.lower().encode(), value.encode("latin-1")))


def open_exchange(scope: Scope, exchange: Exchange) -> None:
    scope[_SCOPE_KEY] = exchange


def exchange_of(connection: HTTPConnection) -> Exchange:
    """The exchange of a request that came through the edge."""
    exchange: Exchange = connection.scope[_SCOPE_KEY]
    return exchange


def correlation_from(value: bytes | None) -> UUID | None:
    """The caller's correlation id. Raises InvalidHeader for one that is no UUID: it is stored and sent on as one."""
    if value is None:
        return None
    try:
        if len(value) in _UUID_LENGTHS:
            return UUID(value.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one too
        pass
    raise InvalidHeader(
        field="X-Correlation-Id",
        expected_zh="X-Correlation-Id 须为 UUID",
        expected_en="X-Correlation-Id is a UUID",
    )


__all__ = ["Exchange", "correlation_from", "exchange_of", "open_exchange"]
