"""Keeping what became of the messages about requests: who was told, when, by which channel."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.notifications import MessageDelivered, MessageFailed
from shared.messaging.culprits import each
from shared.messaging.envelope import Received

# Messages about seekers and others find no request and are passed over.
_KEEP = """
INSERT INTO request_telling (message, request, event, recipient, recipient_kind, channel, template, state, at)
SELECT told.message, told.request, told.event, told.recipient, told.recipient_kind, told.channel, told.template,
       told.state, told.at
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::timestamptz[])
    AS told (message, request, event, recipient, recipient_kind, channel, template, state, at)
JOIN request ON request.id = told.request
ON CONFLICT (message) DO NOTHING
"""


Told = Received[MessageDelivered] | Received[MessageFailed]


async def keep(session: AsyncSession, events: Sequence[Told]) -> None:
    """Store the final state of messages; a second final state of the same message changes nothing."""
    rows = each(events, _row)
    connection = await session.connection()
    await connection.exec_driver_sql(_KEEP, tuple(list(column) for column in zip(*rows, strict=True)))


def _row(event: Told) -> tuple[object, ...]:
    told = event.data
    return (
        told.message,
        told.about,
        told.event,
        told.recipient,
        told.recipient_kind.value,
        told.channel,
        told.template,
        told.state if isinstance(told, MessageFailed) else "delivered",
        event.time,
    )
