"""Noticing that the database's machine is gone: without a word from it, a connection would be waited at for a quarter of an hour.

A server that dies says so, by its kernel. A machine without power, or behind a cable that was pulled, says nothing: what was
sent is repeated for fifteen minutes (tcp(7), `tcp_retries2`), and whoever only listens waits for ever. So the kernel asks
a silent connection from time to time, and gives it up where nothing of it is acknowledged.
"""

import socket
from typing import Any

import asyncpg

_OPTIONS = {
    # Milliseconds that anything sent, an ask included, may be unacknowledged (RFC 5482).
    "TCP_USER_TIMEOUT": 15_000,
    # Seconds of silence until it is asked, and between two asks.
    "TCP_KEEPIDLE": 10,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
}


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """The driver's own, given up some 15 to 25 seconds after the other machine is gone."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        connected = transport.get_extra_info("socket")
        if connected is None or connected.family not in {socket.AF_INET, socket.AF_INET6}:
            return
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _OPTIONS.items():
            # Systems other than Linux have some of them only.
            if hasattr(socket, name):
                connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
