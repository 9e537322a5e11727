"""Lists in pages: from the place where the last one ended, not by counting, so that new rows move nothing.

@router.get("/v1/requests")
async def list_requests(
    call: Annotated[Call, permit("requests:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[Line]:
    after = cursor.take(datetime, UUID) if cursor else None
    rows = …  # limit + 1 rows after (created_at, id): a row too many says that there is more
    return page(rows, limit, item=line, position=lambda row: (row.created_at, row.id))
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar, overload
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import ConfigDict, Field

from shared.web.refusals import InvalidCursor
from shared.web.wire import Model

T = TypeVar("T")
R = TypeVar("R")
A = TypeVar("A")
B = TypeVar("B")
Position = int | str | UUID | datetime

MAX_LIMIT = 200
_MAX_CURSOR = 512
_CHECKSUM = 6


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the values of the columns that it is sorted by.

    Callers see it as an opaque word. The checksum finds one that was cut or changed; it keeps nobody from making one,
    and need not: a made-up place shows only what row-level security lets its maker see anyway.
    """

    position: tuple[Position, ...]

    def encode(self) -> str:
        payload = orjson.dumps([_packed(value) for value in self.position])
        return base64.urlsafe_b64encode(_checksum(payload) + payload).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> "Cursor":
        """Raises InvalidCursor."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            checksum, payload = raw[:_CHECKSUM], raw[_CHECKSUM:]
            if not hmac.compare_digest(checksum, _checksum(payload)):
                raise InvalidCursor(field="cursor")
            return cls(tuple(_unpacked(kind, value) for kind, value in orjson.loads(payload)))
        except (binascii.Error, ValueError, TypeError, KeyError):
            raise InvalidCursor(field="cursor") from None

    @overload
    def take(self, first: type[A], /) -> tuple[A]: ...

    @overload
    def take(self, first: type[A], second: type[B], /) -> tuple[A, B]: ...

    def take(self, *types: type[Any]) -> tuple[Any, ...]:
        """The position, if it is of these types: a cursor of another list is not. Raises InvalidCursor."""
        if len(types) != len(self.position) or any(
            type(value) is not kind for value, kind in zip(self.position, types, strict=True)
        ):
            raise InvalidCursor(field="cursor")
        return self.position


class Page(Model, Generic[T]):
    """One page of a list."""

    # Looking for docstrings reads the source anew for each kind of page: eight seconds of a service's start.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[T]
    next: str | None = Field(default=None, description="Cursor of the next page; absent on the last one.")


def page(
    rows: Sequence[R],
    limit: int,
    *,
    item: Callable[[R], T],
    position: Callable[[R], tuple[Position, ...]],
) -> Page[T]:
    """The page of `rows`, of which up to limit + 1 were read."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[item(row) for row in shown], next=Cursor(position(shown[-1])).encode() if more else None
    )


async def _cursor(
    cursor: Annotated[
        str | None,
        Query(max_length=_MAX_CURSOR, description="`next` of the page before; absent for the first"),
    ] = None,
) -> Cursor | None:
    return None if cursor is None else Cursor.decode(cursor)


cursor_query: Any = Depends(_cursor)
limit_query: Any = Query(ge=1, le=MAX_LIMIT, description="Items on a page")


def _packed(value: Position) -> tuple[str, int | str]:
    if isinstance(value, UUID):
        return "u", value.hex
    if isinstance(value, datetime):
        return "t", value.isoformat()
    return ("i", value) if isinstance(value, int) else ("s", value)


def _unpacked(kind: str, value: Any) -> Position:
    if kind == "i":
        if not isinstance(value, int):
            raise TypeError
        return value
    if not isinstance(value, str):
        raise TypeError
    makers: dict[str, Callable[[str], Position]] = {"u": UUID, "t": datetime.fromisoformat, "s": str}
    return makers[kind](value)


def _checksum(payload: bytes) -> bytes:
    return hashlib.blake2s(payload, digest_size=_CHECKSUM, person=b"lxcursor").digest()


__all__ = ["MAX_LIMIT", "Cursor", "Page", "Position", "cursor_query", "limit_query", "page"]
