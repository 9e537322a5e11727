"""Background loops that do not die: a relay, a consumer, a sender that fails is started again after a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.observing import get_logger, metrics
from shared.retrying.backoff import Backoff

_log = get_logger(__name__)
_RESTARTS = metrics.counter("loop_restarts", "Background loops started again after a failure", ["loop"])
_WORKING = metrics.gauge("loop_working", "1 while a background loop works, 0 while it fails", ["loop"])

SCHEDULE = Backoff(timedelta(milliseconds=200), factor=2, cap=timedelta(seconds=30))


async def forever(
    loop: str,
    run: Callable[[], Awaitable[None]],
    *,
    schedule: Backoff = SCHEDULE,
    steady: timedelta = timedelta(seconds=30),
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Keep `run` going. It is expected never to return: if it does, that was its own wish, and so does this.

    When it raises it is started again by `schedule` (whose `attempts` is not looked at). The log gets one line when it
    stops working and one when it has worked again for `steady`; a database that is away for an hour is two lines.
    Cancelling this cancels `run`.
    """
    failures = 0

    def recovered() -> None:
        nonlocal failures
        if failures:
            _log.info("loop works again", loop=loop, failures=failures)
        failures = 0
        _WORKING.labels(loop=loop).set(1)

    _WORKING.labels(loop=loop).set(1)
    while True:
        settled = asyncio.get_running_loop().call_later(steady.total_seconds(), recovered)
        try:
            await run()
        except Exception as fault:
            failures += 1
            _WORKING.labels(loop=loop).set(0)
            if failures == 1:
                _log.error("loop failed, it is tried again until it works", loop=loop, exc_info=fault)
        else:
            if failures:
                recovered()
            return
        finally:
            settled.cancel()
        await sleep(schedule.delay(failures).total_seconds())
        _RESTARTS.labels(loop=loop).inc()
