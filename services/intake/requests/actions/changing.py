"""Applying decisions: the new lives, the story and the events of any number of requests, in three statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.duplicates.deciding import Joined, followed
from services.intake.duplicates.queries import joined_to
from services.intake.duplicates.rules.joining import TOLD
from services.intake.rates.actions import mark
from services.intake.requests.deciding import Decision, Entry
from services.intake.requests.lives import columns_of
from shared.contracts.base import Event
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import record_each

_LIFE = {
    "version": "integer",
    "state": "text",
    "handle_started": "timestamptz",
    "handle_due": "timestamptz",
    "handle_provisional": "boolean",
    "handle_open": "boolean",
    "supervised": "timestamptz",
    "supervision_reason": "text",
    "handle_overdue": "timestamptz",
    "step": "text",
    "step_started": "timestamptz",
    "step_due": "timestamptz",
    "step_provisional": "boolean",
    "step_overdue": "timestamptz",
    "accepted": "timestamptz",
    "dispatched": "timestamptz",
    "handled": "timestamptz",
    "closed": "timestamptz",
    "worker": "uuid",
    "returns": "integer",
    "head_decides": "boolean",
    "reworks": "integer",
    "reopenings": "integer",
    "reason": "text",
    "duplicate_of": "uuid",
    "outcome": "text",
    "within_limit": "boolean",
    "working_minutes": "integer",
    "responded": "boolean",
    "resolved": "boolean",
    "satisfied": "boolean",
    "excluded": "boolean",
    "exclusion_reason": "text",
}
_STORY = {
    "request": "uuid",
    "at": "timestamptz",
    "entry": "text",
    "from_state": "text",
    "to_state": "text",
    "role": "text",
    "actor": "text",
    "reason": "text",
    "details": "text",
}


def _unnested(columns: Iterable[str]) -> str:
    return ", ".join(f"${number}::{type}[]" for number, type in enumerate(columns, 1))


_UPDATE = f"""
UPDATE request SET {", ".join(f"{name} = change.{name}" for name in _LIFE)}
FROM unnest({_unnested(["uuid", *_LIFE.values()])}) AS change (id, {", ".join(_LIFE)})
WHERE request.id = change.id
"""  # noqa: S608 - made of the constants above
_TELL = f"""
INSERT INTO request_story ({", ".join(_STORY)})
SELECT {", ".join(_STORY).replace("details", "details::jsonb")}
FROM unnest({_unnested(_STORY.values())}) AS entry ({", ".join(_STORY)})
"""  # noqa: S608 - made of the constants above


async def apply(
    session: AsyncSession, decisions: Sequence[Decision], *, causes: Sequence[Envelope | None] | None = None
) -> None:
    """Write what was decided about requests that this transaction has locked, each of them once.

    `causes` are the events that led to the decisions, where they are several.
    """
    changed = [decision for decision in decisions if decision.life != decision.it.life]
    if changed:
        await _execute(session, _UPDATE, [_life_row(decision) for decision in changed])
    await tell(
        session, [(decision.it.request, entry) for decision in decisions for entry in decision.entries]
    )
    caused = list(zip(decisions, causes or [None] * len(decisions), strict=True))
    published: list[tuple[Event, Envelope | None]] = [
        (event, cause) for decision, cause in caused for event in decision.events
    ]
    published += await _for_joined(session, caused)
    if published:
        await record_each(session, published, at=_moment(decisions))
    await mark(session, decisions)


def _moment(decisions: Sequence[Decision]) -> datetime | None:
    """The time of events is that of their entries in the stories, so that figures that are counted from either fall into
    the same month. Of a batch whose decisions have times of their own it is the transaction's."""
    times = {entry.at for decision in decisions for entry in decision.entries}
    return times.pop() if len(times) == 1 else None


async def tell(session: AsyncSession, entries: Sequence[tuple[UUID, Entry]]) -> None:
    """Write entries into the stories of these requests, without anything else of them changing."""
    if entries:
        await _execute(session, _TELL, [_story_row(request, entry) for request, entry in entries])


async def _for_joined(
    session: AsyncSession, caused: Sequence[tuple[Decision, Envelope | None]]
) -> list[tuple[Event, Envelope | None]]:
    """What those joined to these requests are told of it. Who they are stands still: joining locks the main one."""
    telling = [
        (decision, cause)
        for decision, cause in caused
        if any(each.entry in TOLD for each in decision.entries)
    ]
    if not telling:
        return []
    groups: dict[UUID, list[Joined]] = defaultdict(list)
    for one in await joined_to(session, [decision.it.request for decision, _ in telling]):
        groups[one.of].append(one)
    return [
        (event, cause)
        for decision, cause in telling
        for event in followed(decision, groups.get(decision.it.request, ()))
    ]


async def _execute(session: AsyncSession, sql: str, rows: Sequence[tuple[Any, ...]]) -> None:
    connection = await session.connection()
    await connection.exec_driver_sql(sql, tuple(list(column) for column in zip(*rows, strict=True)))


def _life_row(decision: Decision) -> tuple[Any, ...]:
    columns = columns_of(decision.life)
    return (decision.it.request, *(columns[name] for name in _LIFE))


def _story_row(request: UUID, entry: Entry) -> tuple[Any, ...]:
    return (
        request,
        entry.at,
        entry.entry,
        entry.from_state.value,
        entry.to_state.value,
        entry.by.role,
        entry.by.subject,
        entry.reason,
        None if entry.details is None else orjson.dumps(entry.details).decode(),
    )
