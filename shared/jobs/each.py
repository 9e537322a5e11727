"""What a job does for every community."""

from collections.abc import Awaitable, Callable, Iterable

from shared.observing import get_logger

_log = get_logger(__name__)


def in_each(tenants: Iterable[str], work: Callable[[str], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """One community after the other. Where it fails for one, the others have theirs done; the job has failed all the
    same."""

    async def run() -> None:
        failures = []
        for tenant in tenants:
            try:
                await work(tenant)
            except Exception as failure:
                _log.exception("job failed for a community", tenant=tenant)
                failures.append(failure)
        if len(failures) > 1:
            raise ExceptionGroup("failed for some communities", failures)
        if failures:
            raise failures[0]

    return run
