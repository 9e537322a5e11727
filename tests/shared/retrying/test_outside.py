"""Another service that is away for a moment is waited for; one that is away for long is given up in good time."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from shared.retrying import Backoff, Unreachable, outside

QUICK = Backoff(timedelta(milliseconds=1), attempts=3)


class Service:
    """Answers (or fails) by a list, and counts the calls."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: Iterator[httpx.Response | Exception] = iter(answers)
        self.calls = 0

    async def __call__(self) -> httpx.Response:
        self.calls += 1
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): value for name, value in headers.items()})


PASSING = [
    (answer(429), "told to slow down"),
    (answer(502), "the gateway has no answer"),
    (answer(503), "restarting"),
    (answer(504), "the gateway waited in vain"),
    (httpx.ConnectError("refused"), "nobody listens yet"),
    (httpx.ReadTimeout("slow"), "no answer in time"),
    (httpx.RemoteProtocolError("gone"), "the connection broke"),
]


@pytest.mark.parametrize(("fault", "reason"), PASSING, ids=[case[1] for case in PASSING])
async def test_a_passing_fault_is_tried_again(fault: httpx.Response | Exception, reason: str) -> None:
    service = Service(fault, answer(200))
    assert (await outside("intake", service, schedule=QUICK)).status_code == 200, reason
    assert service.calls == 2


FINAL = [
    (200, "an answer"),
    (400, "our mistake"),
    (401, "not allowed"),
    (404, "not there"),
    (409, "a refusal"),
    (422, "a refusal"),
    (500, "a fault that is not said to pass: trying again may do the thing twice"),
]


@pytest.mark.parametrize(("status", "reason"), FINAL, ids=[case[1] for case in FINAL])
async def test_every_other_answer_is_the_callers(status: int, reason: str) -> None:
    service = Service(answer(status))
    assert (await outside("intake", service, schedule=QUICK)).status_code == status, reason
    assert service.calls == 1


async def test_it_gives_up_after_the_last_attempt_and_names_the_service() -> None:
    service = Service(*[answer(503)] * 3)
    with pytest.raises(Unreachable) as refused:
        await outside("intake", service, schedule=QUICK)
    assert service.calls == 3
    assert refused.value.status == 503
    assert refused.value.params == {"service": "intake", "reason": "status-503"}
    assert "intake" in refused.value.message("zh")


async def test_a_retry_after_is_kept_to() -> None:
    service = Service(answer(429, retry_after="1"), answer(200))
    started = time.monotonic()
    await outside("intake", service, schedule=QUICK)
    assert time.monotonic() - started >= 1


LATE = [
    ("3600", "a number of seconds"),
    (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), "a date"),
]


@pytest.mark.parametrize(("retry_after", "reason"), LATE, ids=[case[1] for case in LATE])
async def test_a_retry_after_beyond_the_remaining_time_ends_it_at_once(retry_after: str, reason: str) -> None:
    service = Service(answer(503, retry_after=retry_after))
    started = time.monotonic()
    with pytest.raises(Unreachable):
        await outside("intake", service, schedule=QUICK)
    assert time.monotonic() - started < 1, reason
    assert service.calls == 1


@pytest.mark.parametrize("retry_after", ["soon", "-5", "Wed, 01 Jan 2020 00:00:00 GMT", "²"])
async def test_an_unreadable_or_past_retry_after_does_no_harm(retry_after: str) -> None:
    headers = [(b"retry-after", retry_after.encode())]
    service = Service(httpx.Response(503, headers=headers), answer(200))
    assert (await outside("intake", service, schedule=QUICK)).status_code == 200


async def test_the_total_time_is_a_promise_even_when_a_call_hangs() -> None:
    async def hangs() -> httpx.Response:
        await asyncio.sleep(60)
        raise AssertionError("nobody waits that long")

    started = time.monotonic()
    with pytest.raises(Unreachable) as refused:
        await outside("intake", hangs, schedule=QUICK, total=timedelta(seconds=0.2))
    assert time.monotonic() - started < 2
    assert refused.value.params["reason"] == "timeout"


async def test_a_programming_error_is_not_tried_again() -> None:
    service = Service(KeyError("x"))
    with pytest.raises(KeyError):
        await outside("intake", service, schedule=QUICK)
    assert service.calls == 1
