"""What a job does for every community, and how much of it at once."""

from collections.abc import Awaitable, Callable, Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
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


async def in_pieces(
    database: Database, tenant: str, size: int, piece: Callable[[AsyncSession], Awaitable[int]]
) -> int:
    """A transaction for each piece, until one had less than `size` to do; how much was done.

    Nobody waits long for what a piece has locked, and what was done before a fault stays done.
    """
    total, done = 0, size
    while done >= size:
        async with database.transaction(tenant) as session:
            done = await piece(session)
        total += done
    return total
