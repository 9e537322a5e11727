"""Beginning a transaction in one round trip: its BEGIN also sets its scope, and also tries the connection.

One after the other, as libraries do it, these are three, and a transaction of one statement has only two more. Whoever
opens a session says by `scoped` what it will be; the connection's BEGIN carries that along, and a pool that gives a
connection out a second time sends BEGIN at once: if it cannot be sent, the connection was lost, and another one is made.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import await_only

from shared.database.noticing import Connection


@dataclass(slots=True)
class Beginning:
    """Of a transaction with this scope."""

    tenant: str
    due: bool = False
    """The next BEGIN is this transaction's."""
    done: bool = False
    """Its BEGIN has carried the scope along."""


_beginning: ContextVar[Beginning | None] = ContextVar("longxi_beginning", default=None)


@contextmanager
def scoped(tenant: str) -> Iterator[Beginning]:
    """The connection that the block takes from the pool begins with this scope, if `done` says so afterwards."""
    beginning = Beginning(tenant)
    token = _beginning.set(beginning)
    try:
        yield beginning
    finally:
        _beginning.reset(token)


class BeginningConnection(Connection):
    """As all of ours, save for its BEGIN."""

    __slots__ = ()

    async def execute(self, query: str, *args: Any, **options: Any) -> Any:
        beginning = _beginning.get()
        if beginning is None or not beginning.due or not query.startswith("BEGIN"):
            return await super().execute(query, *args, **options)
        quoted = beginning.tenant.replace("'", "''")
        status = await super().execute(f"{query} SELECT set_config('longxi.tenant', '{quoted}', true)")
        beginning.due, beginning.done = False, True
        return status


def begin_at_checkout(engine: AsyncEngine) -> None:
    """In place of `pool_pre_ping`, whose ping is a transaction of its own."""

    @event.listens_for(engine.sync_engine, "checkin")
    def note(_connection: Any, record: Any) -> None:
        record.info["used"] = True

    @event.listens_for(engine.sync_engine, "checkout")
    def begin(connection: Any, record: Any, _proxy: Any) -> None:
        if "used" not in record.info:
            return  # just made: if it breaks now, the first statement says of what
        beginning = _beginning.get()
        if beginning is not None:
            beginning.due = True
        try:
            # What its first statement would do. It has no public name.
            await_only(connection._start_transaction())
        except Exception as error:
            if beginning is not None:
                beginning.due = False
            # Of whatever kind: another connection shall be made, and says itself what is wrong.
            raise InvalidatePoolError from error
