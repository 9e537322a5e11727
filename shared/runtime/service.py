"""What a service is made of, and what it is given to stand on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx
from fastapi import APIRouter
from sqlalchemy import MetaData

from shared.caching import Cache
from shared.clock import Clock
from shared.database import Database, Keyring
from shared.database.rewrapping import WrappedKeys
from shared.jobs import Job
from shared.messaging.handlers import Handlers
from shared.messaging.log import EventLog
from shared.messaging.watching import Watch
from shared.observing.measuring import Measure
from shared.security import Role, ServiceTokens
from shared.settings import ServiceSettings
from shared.tenants import Tenants

S = TypeVar("S", bound=ServiceSettings)


@dataclass(slots=True)
class Runtime(Generic[S]):
    """What every service stands on, opened by the process and closed by it."""

    settings: S
    clock: Clock
    tenants: Tenants
    database: Database
    log: EventLog
    cache: Cache
    tokens: ServiceTokens
    http: httpx.AsyncClient
    """For calls to other services."""
    keyring: Keyring | None = None
    """Master keys, where MASTER_KEY_FILE is set."""


class CannotBeRight(Exception):
    """A setting with which the process must not run. The message names it."""


@dataclass(slots=True)
class Parts:
    """A service's features, wired."""

    routers: Sequence[APIRouter] = ()
    handlers: Handlers = field(default_factory=Handlers)
    jobs: Sequence[Job] = ()
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    """Loops of the worker process beside the consumer and the relay; cancelled at stop."""
    watch: Watch = field(default_factory=Watch)
    """Counts what the service publishes."""
    measures: Sequence[Measure] = ()
    """What the worker looks up when its metrics are asked for."""
    provides: Sequence[object] = ()
    """Objects that routes ask for by type with `provided(T)`."""


@dataclass(frozen=True, slots=True)
class Service(Generic[S]):
    """A service's name and how to build it. `services/<name>/main.py` defines one, `SERVICE`."""

    name: str
    settings: type[S]
    permissions: Mapping[Role, frozenset[str]]
    metadata: MetaData
    build: Callable[[Runtime[S]], Parts]
    consumes: tuple[str, ...] = ()
    """Topics that its inbox reads."""
    wrapped: tuple[WrappedKeys, ...] = ()
    """Where it keeps data keys that a master key has wrapped."""
