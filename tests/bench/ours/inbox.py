"""Our inbox with a trivial handler of lists, alone in a process."""

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.log import open_log
from tests.bench.child import Report, Task, run
from tests.bench.ours.watched import Watched
from tests.support.consumers import note

TENANT = "longxi"


class Poison(Exception):
    """What a handler cannot digest."""


def handlers_of(poison: int) -> Handlers:
    """One insert for a list. With `poison`, one event of so many is refused: by its id, so always the same ones."""
    handlers = Handlers()

    @handlers.on_batch(RequestWithdrawn)
    async def effect(session: AsyncSession, events: Sequence[Received[RequestWithdrawn]]) -> None:
        if poison and any(event.id.int % poison == 0 for event in events):
            raise Poison
        await note(session, events, "effect")

    return handlers


async def inbox(task: Task, report: Report) -> None:
    database, log = Database(task.database, pool=4), open_log(task)
    await database.start()
    await log.start()
    ours = Inbox(
        database,
        Watched(log, report, publishing=False),
        task.group,
        handlers_of(task.poison),
        topics=[task.topic],
        tenants={TENANT},
    )
    working = asyncio.create_task(ours.run())
    await report.done.wait()
    ours.stop()
    await working
    await log.stop()
    await database.stop()


if __name__ == "__main__":
    run(inbox)
