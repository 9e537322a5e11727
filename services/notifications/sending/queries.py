"""Taking messages that are due, so that no two senders have the same one."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.rules import Channel, State
from services.notifications.preferences.rules import Group, Preference
from services.notifications.sending.planning import Claim

# `not_before` moves to the end of the lease: if this sender dies, the message is simply due again then.
# ARRAY and OFFSET 0 keep the planner to one look at the index for each message: it takes a limit that it does not know
# for a tenth of the table, and what is kept of requests for a short list, and would read both whole.
_CLAIMED = """
    claimed AS (
        UPDATE message AS m SET lease = :lease, not_before = :until
        WHERE m.id = ANY(ARRAY(SELECT id FROM due))
        RETURNING m.id, m.about, m.recipient, m.recipient_kind, m.template, m.template_version, m.facts, m.state,
                  m.attempts, m.created
    )
    SELECT claimed.*, known.id AS known, known.reference, known.category, known.urgency, known.due,
           known.due_provisional, other.reference AS duplicate_reference,
           choice.channels, choice.language, choice.opt_outs
    FROM claimed
    LEFT JOIN LATERAL (SELECT * FROM known_request WHERE id = claimed.about OFFSET 0) AS known ON true
    LEFT JOIN LATERAL (
        SELECT * FROM known_request WHERE id = CAST(claimed.facts ->> 'duplicate_of' AS uuid) OFFSET 0
    ) AS other ON true
    LEFT JOIN LATERAL (SELECT * FROM preference WHERE person = claimed.recipient OFFSET 0) AS choice ON true
    ORDER BY claimed.id
"""

_CLAIM = text(f"""
    WITH due AS (
        SELECT id FROM message WHERE not_before <= :now AND expires > :now
        ORDER BY not_before, id LIMIT :most FOR UPDATE SKIP LOCKED
    ), {_CLAIMED}
""")  # noqa: S608 (constants only)

_CLAIM_NEW = text(f"""
    WITH due AS (SELECT id FROM message WHERE id = ANY(CAST(:ids AS uuid[])) AND expires > :now), {_CLAIMED}
""")  # noqa: S608 (constants only)

_NEXT_DUE = text("SELECT min(not_before) FROM message WHERE not_before IS NOT NULL")


async def claim(
    session: AsyncSession, *, lease: UUID, now: datetime, lasting: timedelta, most: int
) -> list[Claim]:
    """At most `most` messages that are due, the longest waiting first, leased for `lasting`."""
    until = now + lasting
    rows = await session.execute(_CLAIM, {"now": now, "most": most, "lease": lease, "until": until})
    return [_claim(row, lease, until) for row in rows.mappings()]


async def claim_new(session: AsyncSession, ids: Sequence[UUID], *, lease: UUID, now: datetime) -> list[Claim]:
    """Messages that this transaction has made. What it leaves as it is stays due for everyone."""
    rows = await session.execute(_CLAIM_NEW, {"ids": list(ids), "now": now, "lease": lease, "until": now})
    return [_claim(row, lease, now) for row in rows.mappings()]


async def next_due(session: AsyncSession) -> datetime | None:
    """When the next message of this tenant is due; in the past for one that is due already."""
    due: datetime | None = (await session.execute(_NEXT_DUE)).scalar_one()
    return due


def all_facts(row: RowMapping) -> dict[str, Any]:
    """What the event said, over what is kept of the request. A column that is missing is not a fact."""
    facts: dict[str, Any] = {}
    if row["known"] is not None:
        facts = {name: row[name] for name in ("reference", "category", "urgency", "due_provisional")}
        facts["due"] = row["due"].isoformat()
    if row["duplicate_reference"] is not None:
        facts["duplicate_reference"] = row["duplicate_reference"]
    said: Mapping[str, Any] = row["facts"]
    return facts | dict(said)


def preference_of(
    channels: Sequence[str] | None, language: str | None, opt_outs: Sequence[str] | None
) -> Preference:
    """From the columns of a `preference` row, or from its absence."""
    if channels is None:
        return Preference()
    return Preference(
        tuple(Channel(channel) for channel in channels),
        language,
        frozenset(Group(group) for group in opt_outs or ()),
    )


def _claim(row: RowMapping, lease: UUID, until: datetime) -> Claim:
    return Claim(
        id=row["id"],
        lease=lease,
        until=until,
        about=row["about"],
        recipient=row["recipient"],
        recipient_kind=row["recipient_kind"],
        template=row["template"],
        template_version=row["template_version"],
        state=State(row["state"]),
        attempts=row["attempts"],
        created=row["created"],
        facts=all_facts(row),
        preference=preference_of(row["channels"], row["language"], row["opt_outs"]),
    )
