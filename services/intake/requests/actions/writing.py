"""How a filing gets into the database: one statement for its request, its words and its story.

The same statement serves a batch of any size (`write`), and the hot path (`write_alone`), where it also sets the scope,
takes the idempotency key and records the event, so that a filing is one round trip.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.filing import Filing
from services.intake.requests.lives import columns_of
from services.intake.understanding.rules import Proposal
from shared.database import Database
from shared.messaging.outbox import outbox_arguments
from shared.refusals import Refusal

_REFERENCE = "ix_request_tenant_reference"


class IdempotencyKey(NamedTuple):
    """A row of `shared.web.tables.IDEMPOTENCY_KEY`, without its tenant."""

    principal: str
    key: str
    fingerprint: bytes
    status: int
    answer: str
    created: datetime


_REQUEST = {
    "id": "uuid",
    "reference": "text",
    "resident": "uuid",
    "category": "text",
    "urgency": "text",
    "channel": "text",
    "grid": "uuid",
    "place": "text",
    "prefers_same_gender": "boolean",
    "filed": "timestamptz",
    "submitted": "timestamptz",
    "source": "text",
    "external_id": "text",
    "history": "boolean",
    "parent": "uuid",
    "supervised": "timestamptz",
    "supervision_reason": "text",
    "state": "text",
    "handle_started": "timestamptz",
    "handle_due": "timestamptz",
    "handle_provisional": "boolean",
    "handle_open": "boolean",
    "step": "text",
    "step_started": "timestamptz",
    "step_due": "timestamptz",
    "step_provisional": "boolean",
    "closed": "timestamptz",
}
_BESIDE = {
    "subject": "bytea",
    "body": "bytea",
    "address": "bytea",
    "answers": "bytea",
    "evidence": "bytea",
    "role": "text",
    "actor": "text",
    "details": "text",
    "reading": "text",
}
_COLUMNS = {**_REQUEST, **_BESIDE}
_NAMES = ", ".join(_REQUEST)
_READING = {
    "model": "text",
    "category": "text",
    "confidence": "double precision",
    "guesses": "jsonb",
    "urgency": "text",
    "belongs": "text",
    "conditions": "text[]",
    "decided": "text",
}
_READ = ", ".join(_READING)
_PROPOSED = ", ".join(f"proposed.{name}" for name in _READING)
_READ_AS = ", ".join(f"{name} {type}" for name, type in _READING.items())
_INSERTS = f"""
filed AS (
    INSERT INTO request ({_NAMES}, version, returns, head_decides, reworks, reopenings)
    SELECT {_NAMES}, 1, 0, false, 0, 0 FROM filing
    ON CONFLICT (tenant, source, external_id) DO NOTHING
    RETURNING id
), words AS (
    INSERT INTO request_text (request, subject, body, address, answers, evidence)
    SELECT id, subject, body, address, answers, evidence FROM filing JOIN filed USING (id)
), story AS (
    INSERT INTO request_story (request, at, entry, to_state, role, actor, details)
    SELECT id, filed, 'filed', state, role, actor, details::jsonb FROM filing JOIN filed USING (id)
), unprinted AS (
    INSERT INTO request_unprinted (request)
    SELECT id FROM filing JOIN filed USING (id) WHERE NOT history
), read AS (
    INSERT INTO request_reading (request, {_READ})
    SELECT id, {_PROPOSED} FROM filing JOIN filed USING (id)
    CROSS JOIN LATERAL jsonb_to_record(reading::jsonb) AS proposed ({_READ_AS}) WHERE reading IS NOT NULL
)
"""  # noqa: S608 - made of the constants above


def _parameters(types: Sequence[str], first: int, array: str = "") -> list[str]:
    return [f"${number}::{type}{array}" for number, type in enumerate(types, first)]


_TYPES = tuple(_COLUMNS.values())
_BATCH = f"""
WITH filing AS MATERIALIZED (
    SELECT * FROM unnest({", ".join(_parameters(_TYPES, 1, "[]"))}) AS filing ({", ".join(_COLUMNS)})
), {_INSERTS}
SELECT id FROM filed
"""  # noqa: S608 - made of the constants above
# $1 tenant, $2 resident, then the columns, then the event, then the idempotency key where there is one.
_OUTBOX = ("uuid", "text", "uuid", "text", "timestamptz", "uuid", "uuid", "text", "text", "bytea")
_EVENT_AT = 3 + len(_COLUMNS)
_KEY_AT = _EVENT_AT + len(_OUTBOX)
_KEY = ("text", "text", "bytea", "smallint", "text", "timestamptz")
_TAKE_KEY = f"""
    INSERT INTO idempotency_key (principal, key, fingerprint, status, answer, created_at)
    SELECT {", ".join(_parameters(_KEY, _KEY_AT))} FROM known ON CONFLICT DO NOTHING RETURNING true
"""  # noqa: S608 - made of the constants above


def _single(take_key: str) -> str:
    """The whole of a filing.

    Every part selects from the one before, so that the scope is set before any table is touched. OFFSET 0 keeps the
    planner from moving the look at the resident in front of it.
    """
    values = zip(_parameters(_TYPES, 3), _COLUMNS, strict=True)
    return f"""
WITH scope AS MATERIALIZED (
    SELECT set_config('longxi.tenant', $1, true) AS tenant
), known AS MATERIALIZED (
    SELECT resident.id FROM scope CROSS JOIN LATERAL (
        SELECT id FROM resident WHERE tenant = scope.tenant AND id = $2 AND erased IS NULL OFFSET 0
    ) resident
), once AS (
    {take_key}
), filing AS MATERIALIZED (
    SELECT {", ".join(f"{value} AS {name}" for value, name in values)} FROM once
), {_INSERTS}
SELECT
    (SELECT count(*) FROM known) AS known,
    (SELECT outbox_record({", ".join(_parameters(_OUTBOX, _EVENT_AT))}) FROM filed) AS sequence
"""  # noqa: S608 - made of the constants above


_ALONE = _single("SELECT true FROM known")
_ALONE_KEYED = _single(_TAKE_KEY)


class NumbersExhausted(Refusal):
    """A million numbers were given on this day, and they start again tomorrow."""

    status = 503
    type = "numbers-exhausted"
    zh = "今天的受理编号已用完，请明天再提交。"
    en = "The reference numbers of this day are used up; please file again tomorrow."


class Written(Enum):
    """What became of a filing in one statement."""

    FILED = "filed"
    NO_RESIDENT = "no_resident"
    """There is no such resident, or the resident was erased."""
    KEY_TAKEN = "key_taken"
    """The idempotency key was used before; nothing was written."""


async def write(session: AsyncSession, filings: Sequence[Filing]) -> set[UUID]:
    """Insert filings in the session's transaction, without their events. Residents have to exist.

    Returns the ids that were filed; missing are those whose external id was filed before. Raises NumbersExhausted.
    """
    connection = await session.connection()
    columns = [list(column) for column in zip(*(_row(filing) for filing in filings), strict=True)]
    try:
        result = await connection.exec_driver_sql(_BATCH, tuple(columns))
    except IntegrityError as error:
        if _REFERENCE in str(error.orig):
            raise NumbersExhausted from None
        raise
    return {row.id for row in result}


async def write_alone(database: Database, tenant: str, filing: Filing, key: IdempotencyKey | None) -> Written:
    """Insert one filing with its event and its idempotency key, as one transaction in one round trip.

    Raises NumbersExhausted.
    """
    arguments: list[Any] = [tenant, filing.resident, *_row(filing), *outbox_arguments(filing.event())]
    try:
        if key is None:
            rows = await database.statement(_ALONE, *arguments)
        else:
            rows = await database.statement(_ALONE_KEYED, *arguments, *key)
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == _REFERENCE:
            raise NumbersExhausted from None
        raise
    if rows[0]["sequence"] is not None:
        return Written.FILED
    return Written.KEY_TAKEN if rows[0]["known"] else Written.NO_RESIDENT


def _row(filing: Filing) -> tuple[Any, ...]:
    said, life = filing.particulars, columns_of(filing.life)
    values: dict[str, Any] = {
        **life,
        "id": filing.id,
        "reference": filing.reference,
        "resident": filing.resident,
        "category": said.category,
        "urgency": said.urgency.value,
        "channel": said.channel.value,
        "grid": said.grid,
        "place": said.place,
        "prefers_same_gender": said.prefers_same_gender,
        "filed": filing.filed,
        "submitted": said.submitted,
        "source": said.source,
        "external_id": said.external_id,
        "parent": said.parent,
        "subject": filing.subject,
        "body": filing.body,
        "address": filing.address,
        "answers": filing.answers,
        "evidence": filing.evidence,
        "role": filing.actor.role,
        "actor": filing.actor.subject,
        "details": orjson.dumps(filing.details).decode(),
        "reading": None if filing.proposal is None else orjson.dumps(_reading(filing.proposal)).decode(),
    }
    return tuple(values[name] for name in _COLUMNS)


def _reading(proposal: Proposal) -> dict[str, Any]:
    reading = proposal.reading
    return {
        "model": proposal.model,
        "category": reading.category,
        "confidence": round(reading.confidence, 4),
        "guesses": [[guess.category, round(guess.confidence, 4)] for guess in reading.guesses],
        "urgency": reading.urgency.urgency.value,
        "belongs": reading.belonging.to.value,
        "conditions": sorted(each.value for each in reading.conditions),
        "decided": None if proposal.decided is None else proposal.decided.value,
    }
