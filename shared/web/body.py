"""The body of a request arrives within bounds of size and time, chunked or not.

A route that takes more than the rest says so: `openapi_extra=wide_body(WideBody(bytes=…, seconds=…))`.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute
from starlette.types import Message, Receive

from shared.web.refusals import BodyTooLarge, BodyTooSlow, ClientGone

MAX_BODY_BYTES = 1024 * 1024
MAX_BODY_SECONDS = 20.0
_WIDE = "x-max-body"


@dataclass(frozen=True, slots=True)
class WideBody:
    """How much one route takes: bytes, and seconds until all of it is there."""

    bytes: int
    seconds: float


def wide_body(body: WideBody, **extra: Any) -> dict[str, Any]:
    """For `openapi_extra` of a route that takes so much; `extra` is what else stands there."""
    return {**extra, _WIDE: {"bytes": body.bytes, "seconds": body.seconds}}


WideBodies = tuple[tuple[frozenset[str], re.Pattern[str], WideBody], ...]


def wide_bodies(routes: Iterable[BaseRoute]) -> WideBodies:
    """Methods, path and bounds of the routes that take more than the rest."""
    found = []
    for route in routes:
        wide = (getattr(route, "openapi_extra", None) or {}).get(_WIDE)
        if wide is not None:
            methods = frozenset(getattr(route, "methods", None) or ())
            found.append((methods, getattr(route, "path_regex"), WideBody(**wide)))  # noqa: B009 - not of every route
    return tuple(found)


def bounds_of(wide: WideBodies, method: str, path: str, otherwise: WideBody) -> WideBody:
    """What the route at this address takes."""
    for methods, pattern, body in wide:
        if method in methods and pattern.match(path):
            return body
    return otherwise


class BoundedBody:
    """A `receive` that counts bytes and watches the clock until the body is complete.

    The time runs from the first read over the whole body, so that a byte a second does not hold a connection for hours.
    """

    __slots__ = ("_complete", "_deadline", "_receive", "_seconds", "_size", "limit")

    def __init__(self, receive: Receive, *, limit: int, seconds: float) -> None:
        self.limit = limit
        self._receive = receive
        self._seconds = seconds
        self._deadline: float | None = None
        self._size = 0
        self._complete = False

    async def __call__(self) -> Message:
        """Raises BodyTooLarge, BodyTooSlow or ClientGone."""
        if self._complete:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow(seconds=f"{self._seconds:g}") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._size += len(message.get("body", b""))
        if self._size > self.limit:
            raise BodyTooLarge(limit=self.limit)
        self._complete = not message.get("more_body", False)
        return message


def refuse_declared_size(content_length: bytes | None, limit: int) -> None:
    """Turn a body away by its Content-Length before a byte of it is read. Raises BodyTooLarge."""
    if content_length is not None and content_length.isdigit() and int(content_length[:20]) > limit:
        raise BodyTooLarge(limit=limit)


__all__ = [
    "MAX_BODY_BYTES",
    "MAX_BODY_SECONDS",
    "BoundedBody",
    "WideBodies",
    "WideBody",
    "bounds_of",
    "refuse_declared_size",
    "wide_bodies",
    "wide_body",
]
