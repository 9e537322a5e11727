"""A mail server that keeps what it gets: for tests, and the post office of `make run`.

    python -m shared.testing.smtp_server --port 8125 --http-port 8127

It speaks SMTP as real ones do (aiosmtpd). Per recipient it can refuse, fail for a while, or hang. The mails it kept are
shown at the HTTP port: `/` for people, `/mails` as JSON. With `--journal` the Message-ID of each is written into a file
before it is acknowledged.
"""

import argparse
import asyncio
import contextlib
import email
import html
import sys
import warnings
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from shared.testing.journal import Journal
from shared.testing.serving import serving

HANG = "hang"
"""Instead of a reply: never answer."""
KEPT = 5000


@dataclass(frozen=True, slots=True)
class KeptMail:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return str(self.message.get_content())


@dataclass(slots=True)
class PostOffice:
    """What the server keeps, and how it treats whom."""

    replies: dict[str, list[str]] = field(default_factory=dict)
    """By recipient: replies to the next attempts (`450 4.2.0 later`, or HANG), one used up by each; then it takes mail."""
    final_replies: Mapping[str, str] = field(default_factory=dict)
    """By recipient: the reply to every attempt at sending the mail's data, after the recipient was taken."""
    mails: deque[KeptMail] = field(default_factory=lambda: deque(maxlen=KEPT))
    count: int = 0
    """Of all mails, those no longer kept included."""
    connections: int = 0
    journal: Journal | None = None

    def to(self, recipient: str) -> list[KeptMail]:
        return [mail for mail in self.mails if recipient in mail.recipients]


class SmtpServer:
    """`async with SmtpServer() as server:` then `server.port`, `server.office`."""

    def __init__(
        self,
        office: PostOffice | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login: tuple[str, str] | None = None,
    ) -> None:
        """`login`: user and password that everyone has to give."""
        self.office = office or PostOffice()
        self.host = host
        self.port = port
        self._login = login
        self._server: asyncio.Server | None = None
        self._open: set[SMTP] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._protocol, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self.drop_connections()

    def drop_connections(self) -> None:
        """Break every connection, as a server that restarts does."""
        for protocol in list(self._open):
            if protocol.transport is not None:
                protocol.transport.close()
        self._open.clear()

    def _protocol(self) -> SMTP:
        self.office.connections += 1
        options: dict[str, Any] = {}
        if self._login is not None:
            options = {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False}
        with warnings.catch_warnings():
            # That passwords travel in the clear here is the point of `login`.
            warnings.simplefilter("ignore", UserWarning)
            protocol = SMTP(_Clerk(self.office), enable_SMTPUTF8=True, ident="longxi-post-office", **options)
        self._open.add(protocol)
        return protocol

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
    ) -> AuthResult:
        ok = (
            self._login is not None
            and isinstance(given, LoginPassword)
            and (given.login.decode(), given.password.decode()) == self._login
        )
        return AuthResult(success=ok, handled=False)


class _Clerk:
    """aiosmtpd's handler; the method names are its own."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: Sequence[str]
    ) -> str:
        waiting = self._office.replies.get(address)
        if waiting:
            reply = waiting.pop(0)
            if reply == HANG:
                await asyncio.sleep(3600)
            return reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        for recipient in envelope.rcpt_tos:
            reply = self._office.final_replies.get(recipient)
            if reply:
                return reply
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = email.message_from_bytes(content, policy=default_policy)
        if not isinstance(message, EmailMessage):
            raise TypeError("the policy gives EmailMessage")
        self._office.mails.append(KeptMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        self._office.count += 1
        if self._office.journal is not None:
            self._office.journal.note(str(message["Message-ID"]))
        return f"250 kept as number {self._office.count}"


def listing(office: PostOffice) -> FastAPI:
    """The mails over HTTP."""
    app = FastAPI(title="Post office", openapi_url=None)

    @app.get("/mails")
    async def mails() -> dict[str, Any]:
        shown = [_shown(mail) for mail in reversed(office.mails)]
        return {"count": office.count, "connections": office.connections, "mails": shown[:200]}

    @app.get("/", response_class=HTMLResponse)
    async def people() -> str:
        rows = "".join(
            f"<article><h3>{html.escape(mail.subject)}</h3><small>{html.escape(', '.join(mail.recipients))}"
            f"</small><pre>{html.escape(mail.text)}</pre></article>"
            for mail in list(reversed(office.mails))[:50]
        )
        return (
            "<!doctype html><meta charset=utf-8><title>邮局 Post office</title>"
            f"<h1>邮局 Post office: {office.count}</h1>{rows}"
        )

    return app


def _shown(mail: KeptMail) -> dict[str, Any]:
    return {
        "to": list(mail.recipients),
        "subject": mail.subject,
        "message_id": str(mail.message["Message-ID"]),
        "text": mail.text,
    }


async def _run(host: str, port: int, http_port: int | None, journal: Path | None) -> None:
    office = PostOffice(journal=Journal(journal) if journal else None)
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(SmtpServer(office, host=host, port=port))
        sys.stdout.write(f"smtp on {host}:{server.port}\n")
        if http_port is not None:
            url = await stack.enter_async_context(serving(listing(office), host=host, port=http_port))
            sys.stdout.write(f"mails on {url}\n")
        told = 0
        while True:
            sys.stdout.flush()
            await asyncio.sleep(5)
            if office.count != told:
                told = office.count
                sys.stdout.write(f"mails kept: {told}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A mail server that keeps what it gets")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8125)
    parser.add_argument("--http-port", type=int, default=None)
    parser.add_argument("--journal", type=Path, default=None)
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(given.host, given.port, given.http_port, given.journal))


if __name__ == "__main__":
    main()
