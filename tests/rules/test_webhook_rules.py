"""What webhooks may be, where they may lead, and when they are given up."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest

from services.notifications.clients.addresses import may_reach
from services.notifications.webhooks.rules import (
    GIVES_UP,
    RETRIES,
    SUBSCRIBABLE,
    UnknownEventType,
    UnsafeUrl,
    checked_events,
    checked_url,
    gives_up,
    new_secret,
    retry_after,
)

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "url",
    ["https://portal.example/hook", "https://portal.example:8443/hook?a=1", "https://203.0.113.9/hook"],
)
def test_https_is_taken(url: str) -> None:
    assert checked_url(url, development=False) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://portal.example/hook", "not encrypted"),
        ("http://127.0.0.1:9000/hook", "loopback is for development"),
        ("https://user:word@portal.example/", "a password in an address is in every log"),
        ("https://portal.example/#part", "a fragment is never sent"),
        ("ftp://portal.example/", "not HTTP"),
        ("https://", "no host"),
        ("https://[::1/", "not an address"),
        ("https://portal.example:99999/", "no port"),
        ("https://portal.example/\r\nX: y", "control characters"),
        ("https://社区.example/", "an international name has to be given in its ASCII form"),
        ("//portal.example/", "no scheme"),
    ],
)
def test_other_addresses_are_refused(url: str, why: str) -> None:
    with pytest.raises(UnsafeUrl):
        checked_url(url, development=False)


def test_development_reaches_this_machine_in_the_clear_and_no_other() -> None:
    assert checked_url("http://127.0.0.1:9000/hook", development=True)
    assert checked_url("http://localhost:9000/hook", development=True)
    with pytest.raises(UnsafeUrl):
        checked_url("http://portal.example/hook", development=True)


ALLOWED = [ipaddress.ip_network("10.20.0.0/16")]


@pytest.mark.parametrize(
    ("address", "reached", "why"),
    [
        ("93.184.216.34", True, "public"),
        ("2606:2800:220:1::1", True, "public"),
        ("10.0.0.5", False, "private"),
        ("10.20.3.4", True, "private, and allowed by the operator"),
        ("192.168.1.1", False, "private"),
        ("172.16.0.1", False, "private"),
        ("169.254.169.254", False, "a cloud's metadata"),
        ("100.64.0.1", False, "shared by carriers"),
        ("127.0.0.1", False, "this machine"),
        ("0.0.0.0", False, "this machine, on many systems"),  # noqa: S104
        ("224.0.0.1", False, "multicast"),
        ("::1", False, "this machine"),
        ("fd00::1", False, "private"),
        ("fe80::1", False, "this link"),
        ("::ffff:10.0.0.5", False, "private, mapped"),
        ("::ffff:10.20.3.4", True, "allowed, mapped"),
        ("64:ff9b::a00:5", False, "private, through NAT64"),
        ("2002:a00:5::1", False, "private, by 6to4"),
    ],
)  # fmt: skip
def test_where_a_webhook_may_lead(address: str, reached: bool, why: str) -> None:
    assert may_reach(ipaddress.ip_address(address), ALLOWED, loopback=False) == reached, why


def test_development_reaches_this_machine() -> None:
    assert may_reach(ipaddress.ip_address("127.0.0.1"), [], loopback=True)
    assert not may_reach(ipaddress.ip_address("10.0.0.5"), [], loopback=True)


def test_retries_span_about_two_days() -> None:
    total = sum(RETRIES, timedelta(0))
    assert timedelta(hours=46) < total < timedelta(hours=50)
    assert retry_after(1) == RETRIES[0]
    assert retry_after(len(RETRIES) + 1) is None
    assert list(RETRIES) == sorted(RETRIES)


def test_a_webhook_is_given_up_after_five_days_of_failing() -> None:
    assert not gives_up(None, NOW)
    assert not gives_up(NOW - GIVES_UP + timedelta(seconds=1), NOW)
    assert gives_up(NOW - GIVES_UP, NOW)


def test_event_types_are_known_and_sorted() -> None:
    assert checked_events(["worker.assigned", "request.filed", "request.filed"]) == [
        "request.filed",
        "worker.assigned",
    ]
    with pytest.raises(UnknownEventType):
        checked_events(["message.delivered"])
    assert "resident.erased" in SUBSCRIBABLE


def test_a_secret_is_as_long_as_the_specification_asks() -> None:
    assert new_secret().startswith("whsec_")
    assert len(new_secret()) == len("whsec_") + 44
    assert new_secret() != new_secret()
