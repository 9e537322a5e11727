"""What becomes of attachments by the clock."""

from datetime import timedelta

from services.intake.attachments import actions, queries
from services.intake.attachments.stores import Store
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job, in_each
from shared.observing import metrics
from shared.tenants import Tenants

_CHUNK = 100
ORPHAN_AFTER = timedelta(days=1)
"""An upload takes minutes at most, so nobody is about to note an object that is so old."""

_REMOVED = metrics.counter(
    "attachments_removed", "Attachments of which the content was removed from the store", ["why"]
)
for _why in ("taken_off", "orphan"):
    _REMOVED.labels(why=_why)


def removals(database: Database, store: Store, tenants: Tenants, clock: Clock) -> Job:
    """Every hour: the objects of erased residents and of what was taken off go out of the store."""

    async def run(tenant: str) -> None:
        while await _mark_erased(database, tenant, clock):
            pass
        while await _remove(database, store, tenant, clock):
            pass

    return Job("attachment-removals", timedelta(hours=1), in_each(tenants, run))


def orphans(database: Database, store: Store, tenants: Tenants, clock: Clock) -> Job:
    """Every day: what lies in the store and belongs to no attachment, since its transaction failed."""

    async def run(tenant: str) -> None:
        before = clock() - ORPHAN_AFTER
        async for page in store.listing(tenant):
            names = [stored.name for stored in page if stored.at < before]
            async with database.transaction(tenant) as session:
                known = await queries.known_objects(session, names)
            for name in names:
                if name not in known:
                    await store.remove(name)
                    _REMOVED.labels(why="orphan").inc()

    return Job("attachment-orphans", timedelta(days=1), in_each(tenants, run))


async def _mark_erased(database: Database, tenant: str, clock: Clock) -> bool:
    async with database.transaction(tenant) as session:
        rows = await queries.of_erased(session, limit=_CHUNK)
        await actions.mark_removed(session, [row.resident for row in rows], now=clock())
    return len(rows) == _CHUNK


async def _remove(database: Database, store: Store, tenant: str, clock: Clock) -> bool:
    async with database.transaction(tenant) as session:
        rows = await queries.to_remove(session, limit=_CHUNK)
        for row in rows:
            await store.remove(row.object)
            _REMOVED.labels(why="taken_off").inc()
        await actions.mark_gone(session, [row.id for row in rows], now=clock())
    return len(rows) == _CHUNK
