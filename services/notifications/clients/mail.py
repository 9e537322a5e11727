"""Mail over SMTP (RFC 5321), with connections that are kept open, and the table from its codes to our states."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import MappingProxyType
from typing import Literal
from uuid import UUID

import aiosmtplib

from services.notifications.clients.outcome import Delivered, Failed, Outcome, permanent, technical, temporary
from services.notifications.messages.rules import Move
from services.notifications.templates.rules import Mail
from shared.refusals import Language
from shared.trusting import client_context

Security = Literal["none", "starttls", "tls"]

_FRESH_SECONDS = 1.0
"""A connection that was used so lately is not asked whether it still answers: servers wait for minutes (RFC 5321, 4.5.3.2.7)."""

# RFC 5321 section 4.2.3 and RFC 4954 section 6. What is not listed goes by its first digit: 4 temporary, 5 permanent.
REPLIES: Mapping[int, Move] = MappingProxyType(
    {
        421: Move.FAIL_TEMPORARILY,  # the server is going away
        432: Move.FAIL_TECHNICALLY,  # our password has to be changed
        450: Move.FAIL_TEMPORARILY,  # mailbox busy, greylisting
        451: Move.FAIL_TEMPORARILY,
        452: Move.FAIL_TEMPORARILY,  # no room just now, or too many recipients
        454: Move.FAIL_TEMPORARILY,  # authentication out of order for the moment
        500: Move.FAIL_TECHNICALLY,  # it does not understand us
        501: Move.FAIL_PERMANENTLY,  # the address is not one
        502: Move.FAIL_TECHNICALLY,
        503: Move.FAIL_TECHNICALLY,
        504: Move.FAIL_TECHNICALLY,
        530: Move.FAIL_TECHNICALLY,  # it wants us to log in, or to encrypt
        534: Move.FAIL_TECHNICALLY,
        535: Move.FAIL_TECHNICALLY,  # wrong password
        538: Move.FAIL_TECHNICALLY,
        550: Move.FAIL_PERMANENTLY,  # no such mailbox
        551: Move.FAIL_PERMANENTLY,
        552: Move.FAIL_PERMANENTLY,  # its room is used up (a server that expects more soon says 452)
        553: Move.FAIL_PERMANENTLY,  # mailbox name not allowed
        554: Move.FAIL_PERMANENTLY,
        555: Move.FAIL_TECHNICALLY,
    }
)


@dataclass(frozen=True, slots=True)
class MailAccount:
    host: str
    port: int
    sender: str
    """Address that mails come from; its domain also names our messages."""
    security: Security = "starttls"
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    """Certificates to trust beside the public ones."""
    connections: int = 4
    """Kept open at most."""
    timeout: timedelta = timedelta(seconds=20)


class Mailer:
    """Sends one mail at a time on each of a few connections."""

    def __init__(self, account: MailAccount) -> None:
        self._account = account
        self._tls = client_context(account.ca_file) if account.security != "none" else None
        self._idle: asyncio.LifoQueue[tuple[aiosmtplib.SMTP, float]] = asyncio.LifoQueue()
        """Open connections, and when each was last used."""
        self._room = asyncio.Semaphore(account.connections)

    async def send(
        self, id: UUID, to: str, mail: Mail, *, community: str, language: Language, now: datetime
    ) -> Outcome:
        """`id` is the message's: a repeat carries the same Message-ID, so that a mailbox can tell (RFC 5322, 3.6.4)."""
        try:
            message = self._compose(id, to, mail, community=community, language=language, now=now)
        except (HeaderParseError, ValueError, IndexError):
            return permanent("bad_address")
        async with self._room:
            return await self._attempt(message)

    async def close(self) -> None:
        """Say goodbye on every connection."""
        while not self._idle.empty():
            client, _ = self._idle.get_nowait()
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()

    async def _attempt(self, message: EmailMessage) -> Outcome:
        try:
            client = await self._connection()
        except (aiosmtplib.SMTPException, OSError) as error:
            return _outcome(error, ours=True)
        try:
            await client.send_message(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            return _outcome(error, ours=isinstance(error, aiosmtplib.SMTPSenderRefused))
        except BaseException:
            client.close()
            raise
        self._idle.put_nowait((client, time.monotonic()))
        return Delivered()

    async def _connection(self) -> aiosmtplib.SMTP:
        """An open one that still answers, or a new one. A server may have closed an idle one at any time."""
        while not self._idle.empty():
            client, used = self._idle.get_nowait()
            if client.is_connected and time.monotonic() - used < _FRESH_SECONDS:
                return client
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.noop()
                return client
            client.close()
        account = self._account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            timeout=account.timeout.total_seconds(),
            use_tls=account.security == "tls",
            start_tls=account.security == "starttls",
            tls_context=self._tls,
            username=account.username,
            password=account.password,
        )
        try:
            await client.connect()
        except BaseException:
            client.close()
            raise
        return client

    def _compose(
        self, id: UUID, to: str, mail: Mail, *, community: str, language: Language, now: datetime
    ) -> EmailMessage:
        sender = Address(addr_spec=self._account.sender)
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(community, sender.username, sender.domain)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = mail.subject
        message["Date"] = now
        message["Message-ID"] = f"<{id}@{sender.domain}>"
        message["Content-Language"] = "zh-CN" if language == "zh" else "en"
        # RFC 3834: nobody's out-of-office reply is wanted.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.body, cte="base64")
        return message


def _outcome(error: Exception, *, ours: bool) -> Failed:
    """`ours`: it happened before the recipient was named, so a refusal is about us and not about the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused) and error.recipients:
        return _reply(error.recipients[0].code, ours=False)
    # The bare class is what the library raises where a server has no STARTTLS.
    if type(error) is aiosmtplib.SMTPException or isinstance(error, aiosmtplib.SMTPNotSupported):
        return technical("smtp_not_supported") if ours else permanent("smtp_address_not_supported")
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _reply(error.code, ours=ours)
    if isinstance(error, ssl.SSLError):
        return technical("smtp_tls")
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return temporary("smtp_timeout")
    return temporary("smtp_connection")


def _reply(code: int, *, ours: bool) -> Failed:
    by_digit = Move.FAIL_PERMANENTLY if code // 100 == 5 else Move.FAIL_TEMPORARILY
    move = REPLIES.get(code, by_digit)
    if ours and move is Move.FAIL_PERMANENTLY:
        move = Move.FAIL_TECHNICALLY
    return Failed(move, f"smtp_{code}")
