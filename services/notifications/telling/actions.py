"""From a batch of events to messages, in a few statements: as many as it has thousands of recipients, not events."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.rules import State
from services.notifications.telling.drafts import Draft, Heard
from services.notifications.telling.rules import HOLDER_AFTER, MOVES_DUE, RECLASSIFIES
from services.notifications.templates.catalogue import Templates
from shared.contracts.notifications import RecipientKind
from shared.database import new_id

MESSAGE_DUE = "message_due"
"""The NOTIFY channel that wakes the senders."""

_KEEP = text("""
    INSERT INTO known_request (id, resident, reference, category, urgency, due, due_provisional, history)
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:residents AS uuid[]), CAST(:references AS text[]), CAST(:categories AS text[]),
        CAST(:urgencies AS text[]), CAST(:dues AS timestamptz[]), CAST(:provisionals AS boolean[]),
        CAST(:histories AS boolean[]))
    ON CONFLICT (id) DO UPDATE SET resident = excluded.resident, reference = excluded.reference,
        category = excluded.category, urgency = excluded.urgency, due = excluded.due,
        due_provisional = excluded.due_provisional
""")

_DUE = text("""
    UPDATE known_request AS known
    SET due = new.due, due_provisional = coalesce(new.provisional, known.due_provisional)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:dues AS timestamptz[]), CAST(:provisionals AS boolean[]))
        AS new (id, due, provisional)
    WHERE known.id = new.id
""")

_RECLASSIFY = text("""
    UPDATE known_request AS known
    SET category = new.category, urgency = new.urgency, due = new.due, due_provisional = new.provisional
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:categories AS text[]), CAST(:urgencies AS text[]), CAST(:dues AS timestamptz[]),
        CAST(:provisionals AS boolean[])) AS new (id, category, urgency, due, provisional)
    WHERE known.id = new.id
""")

# The sequence decides, not the order of arrival: events that are replayed later change nothing.
_HOLD = text("""
    INSERT INTO case_holder (request, worker, sequence)
    SELECT * FROM unnest(CAST(:requests AS uuid[]), CAST(:workers AS uuid[]), CAST(:sequences AS bigint[]))
    ON CONFLICT (request) DO UPDATE SET worker = excluded.worker, sequence = excluded.sequence
    WHERE case_holder.sequence < excluded.sequence
""")

_UNLINK = text("UPDATE known_request SET resident = NULL WHERE resident = ANY(CAST(:residents AS uuid[]))")

_AT_ONCE = 2000
"""Messages that one statement makes: an activity that is cancelled tells as many people as signed up."""

# The unique key on (event, recipient, template) keeps "told once" whatever is delivered again; whoever holds the case is
# looked up here; requests of the past are left out.
_CREATE = text(f"""
    WITH draft AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:events AS text[]), CAST(:correlations AS uuid[]),
            CAST(:traceparents AS text[]), CAST(:abouts AS uuid[]), CAST(:recipients AS uuid[]), CAST(:kinds AS text[]), CAST(:templates AS text[]),
            CAST(:versions AS int[]), CAST(:facts AS jsonb[]), CAST(:expiries AS timestamptz[]))
        AS d (id, event_id, event, correlation, traceparent, about, recipient, kind, template, version, facts, expires)
    ), addressed AS (
        SELECT d.*, coalesce(d.recipient, holder.worker) AS person
        FROM draft AS d
        LEFT JOIN case_holder AS holder ON holder.request = d.about
        LEFT JOIN known_request AS known ON known.id = d.about
        WHERE known.history IS NOT TRUE
    ), created AS (
        INSERT INTO message (id, event_id, event, correlation, traceparent, about, recipient, recipient_kind, template,
                             template_version, facts, state, created, expires, not_before)
        SELECT id, event_id, event, correlation, traceparent, about, person, kind, template,
               version, facts, '{State.CREATED}', :now, expires, :now
        FROM addressed WHERE person IS NOT NULL
        ON CONFLICT (tenant, event_id, recipient, template) DO NOTHING
        RETURNING id, recipient, recipient_kind
    )
    SELECT * FROM created
""")  # noqa: S608 (constants only)

_WAKE = text(f"SELECT pg_notify('{MESSAGE_DUE}', '')")


@dataclass(frozen=True, slots=True)
class Made:
    """A new message."""

    id: UUID
    recipient: UUID
    kind: RecipientKind


async def tell(
    session: AsyncSession, drafts: Iterable[Draft], templates: Templates, now: datetime
) -> AsyncIterator[Sequence[Made]]:
    """Make the messages of these drafts, those that there are not yet, piece by piece.

    They are due at once; `wake` says so.
    """
    rest = ((draft, recipient) for draft in drafts for recipient in draft.recipients)
    while piece := list(islice(rest, _AT_ONCE)):
        columns = {
            "ids": [new_id() for _ in piece],
            "event_ids": [draft.event.id for draft, _ in piece],
            "events": [draft.event.type for draft, _ in piece],
            "correlations": [draft.event.correlation for draft, _ in piece],
            "traceparents": [draft.event.traceparent for draft, _ in piece],
            "abouts": [draft.event.subject for draft, _ in piece],
            "recipients": [recipient for _, recipient in piece],
            "kinds": [draft.recipient_kind for draft, _ in piece],
            "templates": [draft.template for draft, _ in piece],
            "versions": [templates.newest(draft.template).version for draft, _ in piece],
            "facts": [draft.facts for draft, _ in piece],
            "expiries": [draft.expires for draft, _ in piece],
            "now": now,
        }
        rows = (await session.execute(_CREATE, columns)).all()
        yield [Made(id, recipient, RecipientKind(kind)) for id, recipient, kind in rows]


async def wake(session: AsyncSession) -> None:
    """Let the senders know, when this transaction has been committed, that something is due."""
    await session.execute(_WAKE)


async def remember(session: AsyncSession, events: Sequence[Heard]) -> None:
    """Keep what these events say of requests and their holders: what was there is written over, so it can be rebuilt."""
    filed = [event for event in events if event.type == "request.filed"]
    if filed:
        await session.execute(_KEEP, _columns_of_filed(filed))
    changed = {event.subject: event.data for event in events if event.type in MOVES_DUE}
    if changed:
        await session.execute(_DUE, _columns_of_due(changed))
    reclassified = {event.subject: event.data for event in events if event.type == RECLASSIFIES}
    if reclassified:
        await session.execute(_RECLASSIFY, _columns_of_reclassified(reclassified))
    held = {event.subject: event for event in events if event.type in HOLDER_AFTER}
    if held:
        await session.execute(_HOLD, _columns_of_holders(list(held.values())))


async def unlink(session: AsyncSession, residents: Sequence[UUID]) -> None:
    """Forget whose requests these were; the number stays, since the worker's case still has it."""
    await session.execute(_UNLINK, {"residents": list(residents)})


def _columns_of_filed(filed: Sequence[Heard]) -> dict[str, object]:
    return {
        "ids": [event.subject for event in filed],
        "residents": [event.data["resident"] for event in filed],
        "references": [event.data["reference"] for event in filed],
        "categories": [event.data["category"] for event in filed],
        "urgencies": [event.data["urgency"] for event in filed],
        "dues": [_moment(event.data["due"]) for event in filed],
        "provisionals": [event.data["due_provisional"] for event in filed],
        "histories": [event.data["history"] for event in filed],
    }


def _columns_of_due(changed: Mapping[UUID, Mapping[str, Any]]) -> dict[str, object]:
    every = list(changed.values())
    return {
        "ids": list(changed),
        "dues": [_moment(data["due"]) for data in every],
        # Acceptance says nothing of it: it moves no limit.
        "provisionals": [data.get("due_provisional") for data in every],
    }


def _columns_of_reclassified(changed: Mapping[UUID, Mapping[str, Any]]) -> dict[str, object]:
    every = list(changed.values())
    return {
        "ids": list(changed),
        "categories": [data["category"] for data in every],
        "urgencies": [data["urgency"] for data in every],
        "dues": [_moment(data["due"]) for data in every],
        "provisionals": [data["due_provisional"] for data in every],
    }


def _columns_of_holders(events: Sequence[Heard]) -> dict[str, object]:
    fields = [HOLDER_AFTER[event.type] for event in events]
    return {
        "requests": [event.subject for event in events],
        "workers": [
            event.data[field] if field else None for event, field in zip(events, fields, strict=True)
        ],
        "sequences": [event.sequence for event in events],
    }


def _moment(value: object) -> datetime:
    return datetime.fromisoformat(str(value))
