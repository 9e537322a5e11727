"""Our relay, alone in a process."""

import asyncio

from shared.database import Database
from shared.messaging.log import open_log
from shared.messaging.relay import Relay
from shared.runtime.collecting import collect_rarely
from tests.bench.child import Report, Task, first_records, run
from tests.bench.ours.watched import Watched


async def relay(task: Task, report: Report) -> None:
    database, log = Database(task.database, pool=4), open_log(task)
    await database.start()
    await log.start()
    if task.until:
        await log.publish(first_records(task.topic))
    ours = Relay(database, Watched(log, report, publishing=True), "bench")
    collect_rarely()
    report.begin()
    working = asyncio.create_task(ours.run())
    await report.done.wait()
    ours.stop()
    await working
    await log.stop()
    await database.stop()


if __name__ == "__main__":
    run(relay)
