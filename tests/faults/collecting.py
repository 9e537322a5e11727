"""What a platform holds in the end, read past row-level security and put into the checker's words."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from asyncpg import Connection

from services.casework.main import SERVICE as CASEWORK
from services.employment.main import SERVICE as EMPLOYMENT
from services.intake.main import SERVICE as INTAKE
from services.notifications.main import SERVICE as NOTIFICATIONS
from shared.contracts.catalogue import TOPICS
from shared.local.layout import Home
from shared.messaging.envelope import Envelope
from shared.messaging.log import EventLog
from shared.testing.journal import read
from tests.faults.facts import (
    Case,
    Grid,
    Published,
    Recorded,
    Request,
    State,
    Taken,
    Telling,
    Told,
    canonical,
)

SERVICES = (INTAKE, CASEWORK, EMPLOYMENT, NOTIFICATIONS)
_RECORDED = """
SELECT topic, aggregate, sequence, id, type, position NOT IN (SELECT position FROM outbox_unsent) AS sent, tenant, time, correlation, causation,
       traceparent, dataschema, data
FROM outbox ORDER BY position
"""
_LOADS = """
SELECT worker.id, worker.open_minutes, coalesce(sum(work.effort_minutes), 0)::int AS minutes
FROM worker LEFT JOIN "case" AS work ON work.worker = worker.id AND work.state IN ('open', 'accepted', 'working')
GROUP BY worker.id
"""
_UNFINISHED = """
SELECT (SELECT count(*) FROM outbox_unsent) AS unsent,
       (SELECT count(*) FROM inbox_stream WHERE due_at IS NOT NULL) AS held
"""
_UNTOLD = "SELECT state || coalesce(' ' || reason, '') AS state, count(*) FROM message WHERE finished IS NULL GROUP BY 1"
_HURRY = (
    "UPDATE message SET not_before = now() WHERE not_before > now() AND lease IS NULL AND finished IS NULL"
)
_LEFT = """
SELECT format('job %s is held by %s since %s', name, holder, started_at) AS what
FROM job_lease WHERE holder IS NOT NULL AND lease_until < now() - interval '1 minute'
UNION ALL
SELECT format('%s is in a transaction since %s', application_name, xact_start)
FROM pg_stat_activity WHERE datname = current_database() AND xact_start < now() - interval '1 minute'
UNION ALL
SELECT format('%s advisory locks are held for longer than a transaction, not one', count(*))
FROM pg_locks AS held JOIN pg_stat_activity AS who USING (pid)
WHERE held.locktype = 'advisory' AND who.datname = current_database() AND who.state = 'idle' HAVING count(*) <> 1
UNION ALL
SELECT format('a transaction is prepared: %s', gid) FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL
SELECT format('key %s has no answer', key) FROM idempotency_key WHERE answer IS NULL
"""


async def connect(home: Home, service: str) -> Connection:
    """To the service's database, as the administrator. Raises OSError while the server is away."""
    port = (home.postgres / "data" / "postmaster.pid").read_text().splitlines()[3]
    password = (home.postgres / "password").read_text()
    return await asyncpg.connect(
        f"postgresql://postgres:{password}@127.0.0.1:{port}/longxi_{service}", timeout=10, command_timeout=60
    )


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


async def hurry(home: Home) -> None:
    """Messages that wait for their next attempt are due now: for those who do not want to wait five minutes."""
    connection = await connect(home, NOTIFICATIONS.name)
    try:
        await connection.execute(_HURRY)
    finally:
        await connection.close()


async def collect(home: Home, log: EventLog) -> State:
    """Everything, once it is at rest."""
    state = State(published=await _published(log), listeners=_listeners(), taken=_taken(home))
    for service in SERVICES:
        connection = await connect(home, service.name)
        try:
            await _of_every_service(service.name, connection, state)
            if service is INTAKE:
                await _intake(connection, state)
            elif service is CASEWORK:
                await _casework(connection, state)
            elif service is NOTIFICATIONS:
                await _notifications(connection, state)
        finally:
            await connection.close()
    return state


async def _of_every_service(name: str, connection: Connection, state: State) -> None:
    for row in await connection.fetch(_RECORDED):
        place = (row["topic"], row["aggregate"], row["sequence"], row["id"], row["type"], row["sent"])
        state.recorded.append(Recorded(*place, _print(row, row["data"]), json.loads(row["data"])))
    for row in await connection.fetch("SELECT topic, aggregate, sequence FROM inbox_stream"):
        state.applied[name, row["topic"], row["aggregate"]] = row["sequence"]
    noted = await connection.fetch("SELECT id FROM inbox WHERE consumer = $1", name)
    state.noted[name] = Counter(row["id"] for row in noted)
    for row in await connection.fetch("SELECT topic, sequence, type, state, reason, error FROM held_event"):
        state.held.append(
            f"{name}: {row['topic']} {row['type']} #{row['sequence']} is {row['state']}: {row['reason']} {row['error']}"
        )
    state.left += [f"{name}: {row['what']}" for row in await connection.fetch(_LEFT)]
    answers = await connection.fetch("SELECT key, answer FROM idempotency_key")
    state.answers |= {row["key"]: canonical(json.loads(row["answer"] or "null")) for row in answers}


async def _intake(connection: Connection, state: State) -> None:
    rows = await connection.fetch("SELECT id, state, worker, external_id, handle_due FROM request")
    state.requests = {row["id"]: Request(*list(row)[1:]) for row in rows}
    state.request_story = _stories(await connection.fetch("SELECT request, entry FROM request_story"))
    rows = await connection.fetch(
        "SELECT message, request, event, recipient_kind, recipient, channel, state FROM request_telling"
    )
    state.tellings = {row["message"]: Telling(*list(row)[1:]) for row in rows}
    rows = await connection.fetch("SELECT grid, code, places, catch_all FROM grid_place")
    state.grids["intake"] = {row[0]: Grid(row[1], frozenset(row[2]), row[3]) for row in rows}


async def _casework(connection: Connection, state: State) -> None:
    rows = await connection.fetch('SELECT id, state, worker FROM "case"')
    state.cases = {row["id"]: Case(row["state"], row["worker"]) for row in rows}
    state.case_story = _stories(await connection.fetch('SELECT "case", what FROM case_entry'))
    loads = await connection.fetch(_LOADS)
    state.loads = {row["id"]: (row["open_minutes"], row["minutes"]) for row in loads}
    rows = await connection.fetch(
        "SELECT grid.id, code, catch_all, coalesce(array_agg(place) FILTER (WHERE place IS NOT NULL), '{}')"
        " FROM grid LEFT JOIN grid_place ON grid_place.grid = grid.id WHERE NOT retired GROUP BY grid.id"
    )
    state.grids["casework"] = {row[0]: Grid(row[1], frozenset(row[3]), row[2]) for row in rows}


async def _notifications(connection: Connection, state: State) -> None:
    rows = await connection.fetch(
        "SELECT id, event_id, about, event, recipient_kind, recipient, state, coalesce(channel, '') AS channel, attempts"
        " FROM message ORDER BY id"
    )
    state.told = [Told(*row) for row in rows]
    state.known = {
        row["id"]: row["due"] for row in await connection.fetch("SELECT id, due FROM known_request")
    }
    rows = await connection.fetch("SELECT request, worker FROM case_holder")
    state.holders = {row["request"]: row["worker"] for row in rows}


def _stories(rows: Iterable[asyncpg.Record]) -> dict[UUID, Counter[str]]:
    stories: dict[UUID, Counter[str]] = defaultdict(Counter)
    for about, line in rows:
        stories[about][line] += 1
    return dict(stories)


def _taken(home: Home) -> list[Taken]:
    """A Message-ID is `<id@domain>`, an OutId `tenant.id`."""
    mails = [
        Taken(UUID(entry.name[1:].partition("@")[0]), "mail", entry.at) for entry in read(home.mails_taken)
    ]
    texts = [Taken(UUID(entry.name.partition(".")[2]), "sms", entry.at) for entry in read(home.texts_taken)]
    return mails + texts


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
                said = {
                    "tenant": event.tenant,
                    "time": event.time,
                    "correlation": event.correlation,
                    "causation": event.causation,
                    "traceparent": event.traceparent,
                    "dataschema": event.dataschema,
                    "type": event.type,
                    "sequence": event.sequence,
                    "aggregate": event.subject,
                }
                mark = _print(said, record.value)
                found.append(
                    Published(record.topic, event.subject, event.sequence, event.id, event.type, mark)
                )
    return found


_SAID = ("tenant", "correlation", "causation", "traceparent", "dataschema", "type", "sequence", "aggregate")


def _print(said: Mapping[str, Any], data: bytes) -> bytes:
    """A digest of what is said, the same from the table's row and from the log's record."""
    at: datetime = said["time"]
    words = [at.astimezone(UTC).isoformat(), *(str(said[name]) for name in _SAID)]
    return hashlib.sha256("\x00".join(words).encode() + b"\x00" + data).digest()
