"""Calling a portal's webhook: signed by Standard Webhooks, to addresses that were looked at first.

The name is resolved once, its addresses are checked, and the connection goes to the one that was checked: a name that
means something else a moment later (DNS rebinding) gains nothing. Redirects are not followed.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpcore
from standardwebhooks import Webhook

from services.notifications.clients.addresses import Network, may_reach
from services.notifications.clients.outcome import code_of

TIMEOUT = timedelta(seconds=15)
"""The specification's upper bound of what a sender should wait."""
_MOST_OF_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: an HTTP status, or the reason why there is none."""

    status: int | None
    reason: str
    """`http_200`, `timeout`, `connection`, `tls`, `forbidden_address` …"""
    retry_after: timedelta | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """410: the receiver wants no more of it, ever."""
        return self.status == 410


class ForbiddenAddress(OSError):
    """The name of a webhook leads to an address that it may not reach."""


class WebhookCaller:
    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        loopback: bool = False,
        connections: int = 32,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls` says whose certificates are taken; without it those of the public authorities."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30,
            network_backend=_Guarded(tuple(allowed), loopback=loopback),
        )

    async def call(self, url: str, *, id: UUID, body: bytes, secrets: Sequence[str], now: datetime) -> Answer:
        """One attempt. `id` is the same at every attempt, so that the receiver can drop what it has already."""
        headers = [
            (b"host", httpcore.URL(url).host + _port(url)),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"user-agent", b"Longxi-Webhooks/1"),
            *signed(id, body, secrets, now),
        ]
        seconds = TIMEOUT.total_seconds()
        limits = {"connect": seconds, "read": seconds, "write": seconds, "pool": seconds}
        try:
            async with (
                asyncio.timeout(seconds),
                self._pool.stream(
                    "POST", url, headers=headers, content=body, extensions={"timeout": limits}
                ) as answer,
            ):
                await _drain(answer)
                return Answer(answer.status, code_of(f"http_{answer.status}"), _retry_after(answer.headers))
        except (TimeoutError, httpcore.TimeoutException):
            return Answer(None, "timeout")
        except ForbiddenAddress:
            return Answer(None, "forbidden_address")
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
        ) as error:
            tls = "ssl" in type(error.__cause__ or error).__name__.lower()
            return Answer(None, "tls" if tls else "connection")

    async def close(self) -> None:
        await self._pool.aclose()


def signed(id: UUID, body: bytes, secrets: Sequence[str], now: datetime) -> list[tuple[bytes, bytes]]:
    """The three headers of the specification; with two secrets both signatures, as it has it for a rotation."""
    text, at = body.decode(), now.astimezone(UTC)
    signatures = " ".join(Webhook(secret).sign(str(id), at, text) for secret in secrets)
    return [
        (b"webhook-id", str(id).encode()),
        (b"webhook-timestamp", str(int(at.timestamp())).encode()),
        (b"webhook-signature", signatures.encode()),
    ]


class _Guarded(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only."""

    def __init__(self, allowed: tuple[Network, ...], *, loopback: bool) -> None:
        self._inner = httpcore.AnyIOBackend()
        self._allowed = allowed
        self._loopback = loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises ForbiddenAddress unless every address of the name is allowed: one bad one makes it suspicious."""
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not all(may_reach(address, self._allowed, loopback=self._loopback) for address in addresses):
            raise ForbiddenAddress(host)
        return await self._inner.connect_tcp(
            str(addresses[0]),
            port,
            timeout=timeout,
            local_address=local_address,
            socket_options=socket_options,
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 (httpcore's interface)
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise ForbiddenAddress(path)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _drain(answer: httpcore.Response) -> None:
    """Read a short answer, so that the connection can be used again; leave a long one."""
    size = 0
    async for chunk in answer.aiter_stream():
        size += len(chunk)
        if size > _MOST_OF_ANSWER:
            return


def _retry_after(headers: Sequence[tuple[bytes, bytes]]) -> timedelta | None:
    """Seconds that the receiver asks for, up to a day."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return timedelta(seconds=min(int(value), 86_400)) if value.isdigit() else None


def _port(url: str) -> bytes:
    port = httpcore.URL(url).port
    return b"" if port is None else f":{port}".encode()
