"""Proxies between the parts of a platform, a link for each pair that talks, so that each can be cut by itself."""

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from shared.contracts.catalogue import SERVICES
from shared.local.layout import WANTED_PORTS, Home
from shared.local.ports import is_free
from tests.faults.proxy import Link

# Below those that the system gives to whoever connects: a part that is down for a while finds its port free.
_PORTS = range(20_000, 32_000)
_OUTSIDE = {"mail": "mail", "sms": "sms"}


class Ports:
    """Free ports, none given twice."""

    def __init__(self) -> None:
        self._given: set[int] = set()

    def take(self) -> int:
        while True:
            port = random.SystemRandom().choice(_PORTS)
            if port not in self._given and is_free(port):
                self._given.add(port)
                return port


class Mesh:
    """The links by name, `<service>-<part>`; `detour` sends a service's processes over them."""

    def __init__(self, home: Home, *, kafka: bool, redis_port: int | None = None) -> None:
        self._take = Ports()
        home.folder.mkdir(parents=True, exist_ok=True)
        self.ports = {name: self._take.take() for name in WANTED_PORTS}
        # Where a platform looks for the ports of its last run.
        (home.folder / "ports.json").write_text(json.dumps(self.ports))
        self.kafka_port = self._take.take()
        self.controller_port = self._take.take()
        self.redis_port = redis_port
        self.listeners = {service: self._take.take() for service in SERVICES if kafka}
        """By service, the port of the broker that is advertised as the service's link to it."""
        self.links = {link.name: link for link in self._links(kafka=kafka)}
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for link in self.links.values():
            await self._open.enter_async_context(link)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def kafka_detours(self) -> Mapping[str, tuple[int, int]]:
        """As `KafkaBroker` takes them."""
        return {
            service.upper(): (port, self.links[f"{service}-kafka"].port)
            for service, port in self.listeners.items()
        }

    def detour(self, service: str, told: Mapping[str, str]) -> Mapping[str, str]:
        """The environment of a service's processes, with each address replaced by that of the link."""
        environment = dict(told)
        environment["DATABASE_URL"] = _by(self.links[f"{service}-postgres"], told["DATABASE_URL"])
        if "KAFKA_BOOTSTRAP_SERVERS" in told:
            environment["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{self.links[f'{service}-kafka'].port}"
        else:
            environment["LOCAL_LOG_URL"] = _by(self.links[f"{service}-log"], told["LOCAL_LOG_URL"])
        if self.redis_port is not None:
            environment["REDIS_URL"] = f"redis://127.0.0.1:{self.links[f'{service}-redis'].port}/0"
        for other in SERVICES:
            if other != service:
                environment[f"{other.upper()}_URL"] = (
                    f"http://127.0.0.1:{self.links[f'{service}-{other}'].port}"
                )
        if "SMTP_PORT" in told:
            environment["SMTP_PORT"] = str(self.links[f"{service}-mail"].port)
            environment["SMS_ENDPOINT"] = _by(self.links[f"{service}-sms"], told["SMS_ENDPOINT"])
        return environment

    def _links(self, *, kafka: bool) -> Iterator[Link]:
        for service in SERVICES:
            targets = {"postgres": self.ports["postgres"]}
            targets |= {"kafka": self.listeners[service]} if kafka else {"log": self.ports["postgres"]}
            targets |= {} if self.redis_port is None else {"redis": self.redis_port}
            targets |= {other: self.ports[f"{other}-api"] for other in SERVICES if other != service}
            if service == "notifications":
                targets |= {part: self.ports[port] for part, port in _OUTSIDE.items()}
            for part, port in targets.items():
                yield Link(f"{service}-{part}", self._take.take(), ("127.0.0.1", port))


def _by(link: Link, url: str) -> str:
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{link.port}"))
