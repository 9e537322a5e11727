"""A bare relay: woken by NOTIFY, reads the unsent, publishes, marks."""

import asyncio
from contextlib import suppress

import asyncpg

from tests.bench.bare.log import publisher
from tests.bench.bare.tables import record_of
from tests.bench.child import Report, Task, first_records, run

_UNSENT = (
    "SELECT position, id, subject, type, data FROM outbox WHERE sent_at IS NULL ORDER BY position LIMIT 1000"
)


async def relay(task: Task, report: Report) -> None:
    connection = await asyncpg.connect(task.database)
    woken = asyncio.Event()
    await connection.add_listener("outbox", lambda *_: woken.set())
    async with publisher(task) as log:
        if task.until:
            await log.publish(first_records(task.topic))
        report.begin()
        while not report.done.is_set():
            woken.clear()
            rows = await connection.fetch(_UNSENT)
            if not rows:
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await woken.wait()
                continue
            records = [record_of(task.topic, *row[1:]) for row in map(tuple, rows)]
            await log.publish(records)
            await connection.execute(
                "UPDATE outbox SET sent_at = now() WHERE position = ANY($1)",
                [row["position"] for row in rows],
            )
            report.note(records)
    await connection.close()


if __name__ == "__main__":
    run(relay)
