"""Calls to other services over HTTP: tried again while the fault may pass, and given up in good time.

    answer = await outside("intake", lambda: http.post(url, json=body, headers=headers))

Tried again: no connection, a broken one, a time-out, and the answers that say "later" (429, 502, 503, 504). Every other
answer is returned as it is, an error too: that is the caller's to read. What is called must bear being done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import stamina

from shared.observing import metrics
from shared.refusals import Refusal
from shared.retrying.backoff import Backoff

# RFC 9110 section 15.6 and RFC 6585 section 4: the server or a gateway asks to come back.
_LATER = frozenset({429, 502, 503, 504})
SCHEDULE = Backoff(timedelta(milliseconds=100), factor=3, cap=timedelta(seconds=2), jitter=0.5, attempts=4)
TOTAL = timedelta(seconds=10)

_RETRIES = metrics.counter("outside_retries", "Calls to another service tried again", ["service", "reason"])
_FAILURES = metrics.counter("outside_failures", "Calls to another service given up", ["service", "reason"])


class Unreachable(Refusal):
    """Another service did not answer in time. Params: service, reason (a code)."""

    status = 503
    type = "service-unreachable"
    zh = "“{service}”服务暂时无法访问，请稍后再试。"
    en = "The service {service} cannot be reached just now ({reason}); try again later."


class _Later(Exception):
    """An answer that asks to come back."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


async def outside(
    service: str,
    call: Callable[[], Awaitable[httpx.Response]],
    *,
    schedule: Backoff = SCHEDULE,
    total: timedelta = TOTAL,
) -> httpx.Response:
    """The answer of `call`, after as many tries as `schedule` allows within `total`, the calls' own time included.

    A Retry-After is kept to, and one beyond the remaining time ends the tries at once. Raises `Unreachable`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + total.total_seconds()
    failures = 0

    def wait_or_give_up(fault: Exception) -> bool | float:
        nonlocal failures
        if not isinstance(fault, httpx.TransportError | _Later):
            return False
        failures += 1
        if schedule.gives_up(failures):
            return False
        wait = schedule.delay(failures).total_seconds()
        if isinstance(fault, _Later):
            wait = max(wait, _retry_after(fault.answer))
        if loop.time() + wait >= deadline:
            return False
        _RETRIES.labels(service=service, reason=_reason(fault)).inc()
        return wait

    async def attempt() -> httpx.Response:
        answer = await call()
        if answer.status_code in _LATER:
            raise _Later(answer)
        return answer

    try:
        async with asyncio.timeout_at(deadline):
            # Attempts and times are counted in `wait_or_give_up`, which knows them exactly.
            return await stamina.AsyncRetryingCaller(attempts=None, timeout=None)(wait_or_give_up, attempt)
    except (httpx.TransportError, _Later, TimeoutError) as fault:
        _FAILURES.labels(service=service, reason=_reason(fault)).inc()
        raise Unreachable(service=service, reason=_reason(fault)) from fault


def _reason(fault: Exception) -> str:
    if isinstance(fault, _Later):
        return f"status-{fault.answer.status_code}"
    return "timeout" if isinstance(fault, TimeoutError | httpx.TimeoutException) else "connection"


def _retry_after(answer: httpx.Response) -> float:
    """Seconds that a Retry-After asks for: a number of them, or a date (RFC 9110 section 10.2.3); 0 when unreadable."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
