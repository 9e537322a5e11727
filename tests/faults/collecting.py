"""What a platform holds in the end, read past row-level security and put into the checker's words."""

from collections import defaultdict
from collections.abc import Mapping
from uuid import uuid4

import asyncpg

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.contracts.catalogue import TOPICS
from shared.local.layout import Home
from shared.messaging.envelope import Envelope
from shared.messaging.log import EventLog
from tests.faults.checker import Published, Recorded, State, Told

SERVICES = (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS)
_RECORDED = (
    "SELECT topic, aggregate, sequence, id, type, sent_at IS NOT NULL AS sent FROM outbox ORDER BY position"
)
_LOADS = """
SELECT worker.id, worker.open_minutes, coalesce(sum(work.effort_minutes), 0)::int AS minutes
FROM worker LEFT JOIN "case" AS work ON work.worker = worker.id AND work.state IN ('open', 'accepted', 'working')
GROUP BY worker.id
"""
_UNFINISHED = """
SELECT (SELECT count(*) FROM outbox WHERE sent_at IS NULL) AS unsent,
       (SELECT count(*) FROM inbox_stream WHERE due_at IS NOT NULL) AS held
"""
_UNTOLD = "SELECT state || coalesce(' ' || reason, '') AS state, count(*) FROM message WHERE finished IS NULL GROUP BY 1"


async def connect(home: Home, service: str) -> asyncpg.Connection:
    """To the service's database, as the administrator. Raises OSError while the server is away."""
    port = (home.postgres / "data" / "postmaster.pid").read_text().splitlines()[3]
    password = (home.postgres / "password").read_text()
    return await asyncpg.connect(f"postgresql://postgres:{password}@127.0.0.1:{port}/longxi_{service}")


async def unfinished(home: Home, log: EventLog) -> Mapping[str, int]:
    """Events not yet published or applied, and messages that are not final. Empty: nothing is left to do."""
    left: dict[str, int] = {}
    for service in SERVICES:
        name = service.name
        connection = await connect(home, name)
        try:
            row = await connection.fetchrow(_UNFINISHED)
            left |= {f"{name} {what}": number for what, number in row.items()}
            if service is NOTIFICATIONS:
                left |= {f"message {row['state']}": row["count"] for row in await connection.fetch(_UNTOLD)}
        finally:
            await connection.close()
        lag = await log.lag(name, list(dict.fromkeys(service.consumes)))
        left[f"{name} lag"] = sum(lag.values())
    return {what: number for what, number in left.items() if number}


async def collect(home: Home, log: EventLog) -> State:
    """Everything, once it is at rest."""
    state = State(published=await _published(log), listeners=_listeners())
    for service in SERVICES:
        connection = await connect(home, service.name)
        try:
            await _of_every_service(service.name, connection, state)
            if service is INTAKE:
                state.requests = {row["id"] for row in await connection.fetch("SELECT id FROM request")}
            elif service is CASEWORK:
                cases = await connection.fetch('SELECT id, worker FROM "case"')
                state.cases = {row["id"]: row["worker"] for row in cases}
                loads = await connection.fetch(_LOADS)
                state.loads = {row["id"]: (row["open_minutes"], row["minutes"]) for row in loads}
            elif service is NOTIFICATIONS:
                state.told = await _told(connection)
        finally:
            await connection.close()
    return state


async def _of_every_service(name: str, connection: asyncpg.Connection, state: State) -> None:
    state.recorded += [Recorded(*row) for row in await connection.fetch(_RECORDED)]
    for row in await connection.fetch("SELECT topic, aggregate, sequence FROM inbox_stream"):
        state.applied[name, row["topic"], row["aggregate"]] = row["sequence"]
    for row in await connection.fetch("SELECT topic, sequence, type, state, reason, error FROM held_event"):
        state.held.append(
            f"{name}: {row['topic']} {row['type']} #{row['sequence']} is {row['state']}: {row['reason']} {row['error']}"
        )


async def _told(connection: asyncpg.Connection) -> list[Told]:
    rows = await connection.fetch(
        "SELECT id, event_id, about, event, recipient_kind, recipient, state FROM message ORDER BY id"
    )
    return [Told(*row) for row in rows]


def _listeners() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for service in SERVICES:
        for topic in service.consumes:
            found[topic].add(service.name)
    return {topic: frozenset(names) for topic, names in found.items()}


async def _published(log: EventLog) -> list[Published]:
    group = f"checker-{uuid4()}"
    left = sum((await log.lag(group, TOPICS)).values())
    found: list[Published] = []
    async with log.reader(group, TOPICS) as reader:
        while len(found) < left:
            for record in await reader.read(5000):
                event = Envelope.from_record(record)
                found.append(Published(record.topic, event.subject, event.sequence, event.id, event.type))
    return found
