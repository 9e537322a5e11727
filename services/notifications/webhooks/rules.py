"""Webhooks by the Standard Webhooks specification: what may be subscribed to, when it is tried again, when it ends.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from shared.contracts.base import Owner
from shared.contracts.catalogue import EVENTS
from shared.refusals import Conflict, InvalidValue, NotFound

TEST_EVENT = "webhook.test"

SUBSCRIBABLE = frozenset(
    event.type
    for event in EVENTS
    if event.owner in (Owner.INTAKE, Owner.CASEWORK, Owner.EMPLOYMENT) and not event.restricted
)
"""What portals may hear of: facts of the other services that are not restricted. All of them are ids and codes."""

RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=16),
)
"""Waits after the first, second … failed attempt: about two days in all, as the specification proposes."""

GIVES_UP = timedelta(days=5)
"""A webhook that failed for so long without one success is no longer called."""

OVERLAP = timedelta(hours=24)
"""How long the old secret signs beside a new one."""

MOST_PER_OWNER = 20
_SECRET_BYTES = 32  # the specification: 24 to 64


class WebhookState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    """By its owner."""
    DISABLED = "disabled"
    """By us: it failed for five days, or answered 410 Gone."""


class WebhookNotFound(NotFound):
    type = "webhook-not-found"
    zh = "没有找到这个 Webhook。"
    en = "There is no such webhook of yours."


class DeliveryNotFound(NotFound):
    type = "delivery-not-found"
    zh = "没有找到这次推送。"
    en = "There is no such delivery of this webhook."


class DeliveryUnderWay(Conflict):
    type = "delivery-under-way"
    zh = "这次推送还在进行中，请等它结束后再重新推送。"
    en = "This delivery is still under way; ask for it again when it has ended."


class TooManyWebhooks(Conflict):
    type = "too-many-webhooks"
    zh = "每个账号最多 {most} 个 Webhook，请先删除不用的。"
    en = "An account has at most {most} webhooks; delete one that you do not need."


class UnsafeUrl(InvalidValue):
    type = "unsafe-webhook-url"
    zh = "Webhook 地址须为 https，且不含用户名、密码和片段，不能指向内部网络。"
    en = "A webhook needs an https address without user, password and fragment, and not of an internal network."


class UnknownEventType(InvalidValue):
    type = "unknown-event-type"
    zh = "没有可订阅的事件类型“{event}”。"
    en = "There is no event type {event} to subscribe to."


def retry_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None when it is given up."""
    return RETRIES[attempts - 1] if attempts <= len(RETRIES) else None


def gives_up(failing_since: datetime | None, now: datetime) -> bool:
    return failing_since is not None and now - failing_since >= GIVES_UP


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def checked_events(events: Sequence[str]) -> list[str]:
    """Sorted, each once. Raises UnknownEventType."""
    for event in events:
        if event not in SUBSCRIBABLE:
            raise UnknownEventType(
                field="events", event=event if event.isascii() and len(event) < 50 else "…"
            )
    return sorted(set(events))


def checked_url(url: str, *, development: bool) -> str:
    """Raises UnsafeUrl. Names are looked up again at each call, since what they mean may change (`clients.webhook`).

    Development takes plain http, to this machine only.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnsafeUrl(field="url") from None
    if (
        not host
        or parts.username
        or parts.password
        or parts.fragment
        or not url.isascii()
        or not url.isprintable()
    ):
        raise UnsafeUrl(field="url")
    local = development and is_loopback_name(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise UnsafeUrl(field="url")
    return url


def is_loopback_name(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
