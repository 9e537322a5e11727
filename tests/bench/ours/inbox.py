"""Our inbox with a trivial handler of lists, alone in a process."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database
from shared.messaging.culprits import each
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.log import open_log
from shared.runtime.collecting import collect_rarely
from tests.bench.child import Report, Task, run
from tests.bench.ours.watched import Watched
from tests.support.consumers import note

TENANT = "longxi"


class Poison(Exception):
    """What a handler cannot digest."""


def handlers_of(poison: int = 0, nameless: int = 0) -> Handlers:
    """One insert for a list. One event of so many fails: by its id, so always the same ones.

    With `poison` the handler's own code fails on it, as it works on each event. With `nameless` the list fails after it
    was written, as when the database refuses a row of many.
    """
    handlers = Handlers()

    def digest(event: Received[RequestWithdrawn]) -> None:
        if poison and event.id.int % poison == 0:
            raise Poison

    @handlers.on_batch(RequestWithdrawn)
    async def effect(session: AsyncSession, events: Sequence[Received[RequestWithdrawn]]) -> None:
        each(events, digest)
        await note(session, events, "effect")
        if nameless and any(event.id.int % nameless == 0 for event in events):
            raise Poison

    return handlers


async def inbox(task: Task, report: Report) -> None:
    database, log = Database(task.database, pool=4), open_log(task)
    await database.start()
    await log.start()
    ours = Inbox(
        database,
        Watched(log, report, publishing=False),
        task.group,
        handlers_of(task.poison, task.nameless),
        topics=[task.topic],
        tenants={TENANT},
    )
    collect_rarely()
    working = asyncio.create_task(ours.run())
    await report.done.wait()
    ours.stop()
    await working
    await log.stop()
    await database.stop()


if __name__ == "__main__":
    run(inbox)
