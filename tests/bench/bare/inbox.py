"""A bare inbox: 500 records, one transaction: the ids that are new, their effect, and with `forward` an event each."""

from uuid import UUID

import asyncpg
import orjson

from shared.database import new_id
from tests.bench.bare.log import batches
from tests.bench.bare.tables import RECORD
from tests.bench.child import Report, Task, event_id, run

_TAKE = "INSERT INTO inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING id"
_EFFECT = "INSERT INTO effect (aggregate, sequence) SELECT * FROM unnest($1::uuid[], $2::bigint[])"


async def inbox(task: Task, report: Report) -> None:
    connection = await asyncpg.connect(task.database)
    async for records in batches(task, report):
        report.begin()
        events = {
            UUID(event_id(record)): (UUID((record.key or b"").decode()), orjson.loads(record.value))
            for record in records
        }
        async with connection.transaction():
            new = [row["id"] for row in await connection.fetch(_TAKE, list(events))]
            subjects = [events[id][0] for id in new]
            await connection.execute(_EFFECT, subjects, [1] * len(new))
            if task.forward:
                data = [orjson.dumps(events[id][1]) for id in new]
                # The next hop is known by the subject, which stays the same.
                await connection.execute(RECORD, [new_id() for _ in new], subjects, ["hop"] * len(new), data)
                await connection.execute("SELECT pg_notify('outbox', '')")
        report.note(records)
    await connection.close()


if __name__ == "__main__":
    run(inbox)
