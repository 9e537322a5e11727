"""Reading messages: the story of one matter, a person's inbox, the counts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

# Webhook deliveries are told in the same story: a portal is a recipient too, until it removes its webhook.
_STORY = text("""
    SELECT * FROM (
        SELECT id, event, recipient, recipient_kind, channel, template, state, attempts, reason, created, finished
        FROM message WHERE about = :about
        UNION ALL
        SELECT d.id, e.event, d.webhook, 'portal', 'webhook', 'webhook', d.state, d.attempts, d.reason, d.created,
               d.finished
        FROM webhook_event AS e JOIN webhook_delivery AS d ON d.event_id = e.id
        JOIN webhook AS w ON w.id = d.webhook
        WHERE e.about = :about AND w.owner IS NOT NULL
    ) AS story
    WHERE CAST(:after AS uuid) IS NULL OR id > :after
    ORDER BY id LIMIT :most
""")

# The page first, then what is known of its requests, by one look at the index each: joined as they stand, the planner
# reads whatever is kept of requests whole.
_INBOX = text("""
    SELECT m.*, known.id AS known, known.reference, known.category, known.urgency, known.due, known.due_provisional,
           other.reference AS duplicate_reference
    FROM (
        SELECT id, event, about, template, template_version, facts, created, read FROM message
        WHERE recipient = :person AND (CAST(:before AS uuid) IS NULL OR id < :before)
          AND (NOT CAST(:unread AS boolean) OR read IS NULL)
        ORDER BY id DESC LIMIT :most
    ) AS m
    LEFT JOIN LATERAL (SELECT * FROM known_request WHERE id = m.about OFFSET 0) AS known ON true
    LEFT JOIN LATERAL (
        SELECT * FROM known_request WHERE id = CAST(m.facts ->> 'duplicate_of' AS uuid) OFFSET 0
    ) AS other ON true
    ORDER BY m.id DESC
""")

_UNREAD = text("SELECT count(*) FROM message WHERE recipient = :person AND read IS NULL")

_COUNTS = text("""
    SELECT template, recipient_kind, channel, state, count(*) AS count,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished - created)) AS median_seconds
    FROM (
        SELECT * FROM message WHERE finished IS NULL
        UNION ALL SELECT * FROM message WHERE finished >= :since
    ) AS message
    GROUP BY template, recipient_kind, channel, state ORDER BY template, recipient_kind, channel, state
""")

_HELD = text(
    "SELECT count(*) FROM message WHERE finished IS NULL AND state = 'created' AND reason = 'quiet_hours'"
)


async def story(session: AsyncSession, about: UUID, *, after: UUID | None, most: int) -> Sequence[RowMapping]:
    """What anybody was told about a matter, in the order in which the messages were made."""
    return (await session.execute(_STORY, {"about": about, "after": after, "most": most})).mappings().all()


async def inbox(
    session: AsyncSession, person: UUID, *, before: UUID | None, unread: bool, most: int
) -> Sequence[RowMapping]:
    """A person's messages, the newest first, by whatever channel they went."""
    parameters = {"person": person, "before": before, "unread": unread, "most": most}
    return (await session.execute(_INBOX, parameters)).mappings().all()


async def unread(session: AsyncSession, person: UUID) -> int:
    count: int = (await session.execute(_UNREAD, {"person": person})).scalar_one()
    return count


async def counts(session: AsyncSession, since: datetime) -> Sequence[RowMapping]:
    """Of what is open, and of what was finished since then."""
    return (await session.execute(_COUNTS, {"since": since})).mappings().all()


async def held_by_quiet_hours(session: AsyncSession) -> int:
    """Messages that wait for the morning."""
    held: int = (await session.execute(_HELD)).scalar_one()
    return held
