"""Applying receipts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.actions import Moved, finish
from services.notifications.messages.rules import Move, State, retry_after
from services.notifications.receipts.rules import Ignored, Receipt, Verdict, judge
from shared.observing import get_logger, metrics

_log = get_logger(__name__)
_RECEIPTS = metrics.counter("sms_receipts", "Receipts of networks, by what they did", ["effect"])

# In the order of ids, so that two pushes of the same receipts wait for each other instead of deadlocking.
_LOCK = text("""
    SELECT id, state, attempts, provider_reference FROM message WHERE id = ANY(CAST(:ids AS uuid[]))
    ORDER BY id FOR UPDATE
""")


async def apply(session: AsyncSession, receipts: Mapping[UUID, Receipt], now: datetime) -> int:
    """One tenant's receipts by message. Gives how many changed something; the others are logged and ignored."""
    rows = (await session.execute(_LOCK, {"ids": list(receipts)})).mappings().all()
    for id in receipts.keys() - {row["id"] for row in rows}:
        _ignore(id, Ignored.UNKNOWN)
    return await finish(session, _moves(rows, receipts, now), now)


def _moves(rows: Sequence[RowMapping], receipts: Mapping[UUID, Receipt], now: datetime) -> list[Moved]:
    moves: list[Moved] = []
    for row in rows:
        verdict = judge(State(row["state"]), row["provider_reference"], receipts[row["id"]])
        if isinstance(verdict, Ignored):
            _ignore(row["id"], verdict)
            continue
        moves.append(_moved(row, verdict, receipts[row["id"]].provider_reference, now))
        _RECEIPTS.labels(effect=verdict.move).inc()
    return moves


def _moved(row: RowMapping, verdict: Verdict, reference: str, now: datetime) -> Moved:
    """The row is locked, so no lease is needed to write it."""
    id, reason = row["id"], verdict.reason
    if verdict.move is Move.DELIVER:
        return Moved(id, None, Move.DELIVER, provider_reference=reference)
    if verdict.move is not Move.FAIL_TEMPORARILY:
        return Moved(id, None, verdict.move, reason)
    pause = retry_after(row["attempts"])
    if pause is None:
        return Moved(id, None, Move.FAIL_TECHNICALLY, reason)
    return Moved(id, None, Move.FAIL_TEMPORARILY, reason, now + pause)


def _ignore(id: UUID, why: Ignored) -> None:
    _log.info("receipt ignored", message=str(id), why=str(why))
    _RECEIPTS.labels(effect=why).inc()
