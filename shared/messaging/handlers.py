"""Which function acts on which event.

    handlers = Handlers()

    @handlers.on(RequestFiled)
    async def open_case(session: AsyncSession, event: Received[RequestFiled]) -> None: ...

A handler gets the inbox's transaction, scoped to the event's tenant; it never commits. What it raises decides what
becomes of the event (see `failures`). Several handlers of one contract run in the order they were registered.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import Event
from shared.messaging.envelope import Received

E = TypeVar("E", bound=Event)

One = Callable[[AsyncSession, Received[E]], Awaitable[None]]
Many = Callable[[AsyncSession, Sequence[Received[E]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One registered handler."""

    handle: Callable[..., Awaitable[None]]
    batch: bool
    """Whether it takes a list of events of one tenant."""
    rebuilds: bool
    """Whether it only keeps a read model, so that a replay to this consumer runs it again."""


@dataclass(slots=True)
class Route:
    """What is done with one type of event."""

    contract: type[Event]
    subscriptions: tuple[Subscription, ...] = ()
    rebuilding: tuple[Subscription, ...] = ()
    """Those of them that run again in a replay."""

    def add(self, subscription: Subscription) -> None:
        self.subscriptions = (*self.subscriptions, subscription)
        self.rebuilding = tuple(one for one in self.subscriptions if one.rebuilds)


class Handlers:
    """A service's handlers, filled by its features and read by the inbox."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def on(self, contract: type[E], *, rebuilds: bool = False) -> Callable[[One[E]], One[E]]:
        """Register a handler of single events.

        `rebuilds`: the handler only keeps a read model, by writing what the event says over what was there. A replay
        to this consumer runs it again, and runs no other handler (see `replay`).
        """

        def register(handler: One[E]) -> One[E]:
            self._add(contract, Subscription(handler, batch=False, rebuilds=rebuilds))
            return handler

        return register

    def on_batch(self, contract: type[E], *, rebuilds: bool = False) -> Callable[[Many[E]], Many[E]]:
        """Register a handler of lists: events of one tenant, each of another aggregate, in the order of the log.

        Where one event makes it fail it does well to say which (see `culprits`): otherwise its list is tried in ever
        smaller parts.
        """

        def register(handler: Many[E]) -> Many[E]:
            self._add(contract, Subscription(handler, batch=True, rebuilds=rebuilds))
            return handler

        return register

    def route(self, type: str) -> Route | None:
        """None for a type that nobody here listens to."""
        return self._routes.get(type)

    def contracts(self) -> Iterable[type[Event]]:
        return [route.contract for route in self._routes.values()]

    def _add(self, contract: type[Any], subscription: Subscription) -> None:
        self._routes.setdefault(contract.type, Route(contract)).add(subscription)
