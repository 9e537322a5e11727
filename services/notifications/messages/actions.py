"""Every change of a message's state: set-based, guarded by the state machine, each final one with its event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.causes import cause
from services.notifications.messages.rules import FINAL, MOVES, Move, State, starts
from shared.contracts.notifications import MessageDelivered, MessageFailed, RecipientKind
from shared.messaging.outbox import record_each

_TOLD = (
    "id, about, event, event_id, correlation, traceparent, recipient, recipient_kind, channel, template, attempts, "
    "state, reason"
)


@dataclass(frozen=True, slots=True)
class Begun:
    id: UUID
    lease: UUID
    channel: str


@dataclass(frozen=True, slots=True)
class Held:
    id: UUID
    lease: UUID
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """What an attempt came to."""

    id: UUID
    lease: UUID | None
    """The sender's claim; None for whoever has locked the row instead, as a receipt does."""
    move: Move
    reason: str | None = None
    retry_at: datetime | None = None
    """For FAIL_TEMPORARILY: when it is due again."""
    provider_reference: str | None = None


_BEGIN = text(f"""
    UPDATE message AS m SET state = '{State.SENDING}', channel = new.channel, attempts = m.attempts + 1, reason = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS uuid[]), CAST(:channels AS text[])) AS new (id, lease, channel)
    WHERE m.id = new.id AND m.lease = new.lease AND m.state = ANY(CAST(:froms AS text[]))
    RETURNING m.id
""")  # noqa: S608 (constants only)

# For the inbox, which is this table itself: the attempt begins and ends in one.
_DELIVER_AT_ONCE = text(f"""
    UPDATE message AS m SET state = '{State.DELIVERED}', channel = new.channel, attempts = m.attempts + 1,
           reason = NULL, not_before = NULL, lease = NULL, finished = :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS uuid[]), CAST(:channels AS text[])) AS new (id, lease, channel)
    WHERE m.id = new.id AND m.lease = new.lease AND m.state = ANY(CAST(:froms AS text[]))
    RETURNING {", ".join(f"m.{column}" for column in _TOLD.split(", "))}
""")  # noqa: S608 (constants only)

_HOLD = text("""
    UPDATE message AS m SET lease = NULL, not_before = new.until, reason = new.reason
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS uuid[]), CAST(:untils AS timestamptz[]), CAST(:reasons AS text[]))
        AS new (id, lease, until, reason)
    WHERE m.id = new.id AND m.lease = new.lease
""")

# The claim's token and the state that the move starts from: a sender whose lease ran out, or whose message was
# finished by a receipt meanwhile, changes nothing.
_FINISH = text(f"""
    UPDATE message AS m SET state = new.state, reason = new.reason, not_before = new.retry_at, lease = NULL,
           provider_reference = coalesce(new.reference, m.provider_reference),
           finished = CASE WHEN new.final THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS uuid[]), CAST(:froms AS text[]), CAST(:states AS text[]),
                CAST(:reasons AS text[]), CAST(:retries AS timestamptz[]), CAST(:references AS text[]),
                CAST(:finals AS boolean[]))
        AS new (id, lease, froms, state, reason, retry_at, reference, final)
    WHERE m.id = new.id AND (m.lease = new.lease OR new.lease IS NULL) AND m.state = ANY(string_to_array(new.froms, ','))
    RETURNING {", ".join(f"m.{column}" for column in _TOLD.split(", "))}
""")  # noqa: S608 (constants only)

_AWAIT_RECEIPT = text(f"""
    UPDATE message AS m SET lease = NULL, not_before = NULL, provider_reference = new.reference
    FROM unnest(CAST(:ids AS uuid[]), CAST(:leases AS uuid[]), CAST(:references AS text[])) AS new (id, lease, reference)
    WHERE m.id = new.id AND m.lease = new.lease AND m.state = '{State.SENDING}'
""")  # noqa: S608 (constants only)

_EXPIRE = text(f"""
    UPDATE message SET state = '{State.EXPIRED}', reason = coalesce(reason, 'too_late'), finished = :now,
           not_before = NULL, lease = NULL
    WHERE id = ANY(ARRAY(SELECT id FROM message WHERE finished IS NULL AND expires <= :now
                         ORDER BY expires LIMIT :most FOR UPDATE SKIP LOCKED))
    RETURNING {_TOLD}
""")  # noqa: S608 (constants only)

_FAIL_ALL_OF = text(f"""
    UPDATE message SET state = '{State.PERMANENT_FAILURE}', reason = :reason, finished = :now, not_before = NULL,
           lease = NULL
    WHERE recipient = ANY(CAST(:people AS uuid[])) AND finished IS NULL AND state = ANY(CAST(:froms AS text[]))
    RETURNING {_TOLD}
""")  # noqa: S608 (constants only)


async def begin(session: AsyncSession, attempts: Sequence[Begun]) -> frozenset[UUID]:
    """Start attempts. Gives the ids of those that are still ours; the others are no longer ours to send."""
    if not attempts:
        return frozenset()
    rows = await session.scalars(
        _BEGIN,
        {
            "ids": [one.id for one in attempts],
            "leases": [one.lease for one in attempts],
            "channels": [one.channel for one in attempts],
            "froms": starts(Move.BEGIN),
        },
    )
    return frozenset(rows)


async def deliver_at_once(session: AsyncSession, attempts: Sequence[Begun], now: datetime) -> None:
    """Attempts that cannot fail, with their events; those that are no longer ours are left alone."""
    if not attempts:
        return
    columns = {
        "ids": [one.id for one in attempts],
        "leases": [one.lease for one in attempts],
        "channels": [one.channel for one in attempts],
        "froms": starts(Move.BEGIN),
        "now": now,
    }
    rows = (await session.execute(_DELIVER_AT_ONCE, columns)).mappings().all()
    await publish(session, rows, now)


async def hold(session: AsyncSession, held: Sequence[Held]) -> None:
    """Give messages back untried, due again later."""
    if held:
        columns = {
            "ids": [one.id for one in held],
            "leases": [one.lease for one in held],
            "untils": [one.until for one in held],
            "reasons": [one.reason for one in held],
        }
        await session.execute(_HOLD, columns)


async def await_receipts(session: AsyncSession, accepted: Sequence[Moved]) -> None:
    """The provider took these; they stay `sending` until a receipt comes, or they expire."""
    if accepted:
        columns = {
            "ids": [one.id for one in accepted],
            "leases": [one.lease for one in accepted],
            "references": [one.provider_reference for one in accepted],
        }
        await session.execute(_AWAIT_RECEIPT, columns)


async def finish(session: AsyncSession, moves: Sequence[Moved], now: datetime) -> int:
    """End attempts, with the event of each that is final. Gives how many were still ours to end."""
    if not moves:
        return 0
    after = [_after(one.move) for one in moves]
    columns = {
        "now": now,
        "ids": [one.id for one in moves],
        "leases": [one.lease for one in moves],
        "froms": [",".join(starts(one.move)) for one in moves],
        "states": after,
        "reasons": [one.reason for one in moves],
        "retries": [one.retry_at for one in moves],
        "references": [one.provider_reference for one in moves],
        "finals": [state in FINAL for state in after],
    }
    rows = (await session.execute(_FINISH, columns)).mappings().all()
    await publish(session, rows, now)
    return len(rows)


async def expire(session: AsyncSession, now: datetime, *, most: int) -> int:
    """Give up what is older than three days. Gives how many; less than `most` means that none is left."""
    rows = (await session.execute(_EXPIRE, {"now": now, "most": most})).mappings().all()
    await publish(session, rows, now)
    return len(rows)


async def fail_all_of(session: AsyncSession, people: Sequence[UUID], reason: str, now: datetime) -> int:
    """Nothing more goes to these people: what is open fails for good."""
    columns = {"people": list(people), "reason": reason, "now": now, "froms": starts(Move.FAIL_PERMANENTLY)}
    rows = (await session.execute(_FAIL_ALL_OF, columns)).mappings().all()
    await publish(session, rows, now)
    return len(rows)


async def publish(session: AsyncSession, rows: Sequence[RowMapping], now: datetime) -> None:
    """`message.delivered` or `message.failed` for each row that is final, caused by the event that it told of."""
    final = [row for row in rows if State(row["state"]) in FINAL]
    await record_each(session, [(_event(row), cause(row)) for row in final], at=now)


def _after(move: Move) -> State:
    return next(iter(MOVES[move].values()))


def _event(row: RowMapping) -> MessageDelivered | MessageFailed:
    common = {
        "message": row["id"],
        "about": row["about"],
        "event": row["event"],
        "recipient": row["recipient"],
        "recipient_kind": RecipientKind(row["recipient_kind"]),
        # A message that was never tried has no channel yet.
        "channel": row["channel"] or "none",
        "template": row["template"],
        "attempt": row["attempts"],
    }
    if row["state"] == State.DELIVERED:
        return MessageDelivered(**common)
    return MessageFailed(**common, state=row["state"], reason=row["reason"] or "unknown")
