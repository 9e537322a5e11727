"""Points of a resident who asks what is held of them, or who is erased."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points import queries
from services.intake.points.actions.expiring import expire_locked
from services.intake.points.actions.ordering import cancel
from services.intake.points.actions.posting import CLOCK, lock
from services.intake.points.rules import PointTerms, Reason
from services.intake.residents.belongings import Belonging, Item, Person

_MOST = 100_000


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    lines = await queries.postings(session, person.resident, before=None, limit=_MOST)
    orders = await queries.orders(session, resident=person.resident, state=None, before=None, limit=_MOST)
    postings: list[Item] = [
        {
            "kind": "point_posting",
            "at": line.posting.at,
            "reason": line.posting.reason,
            "amount": line.amount,
            "balance": line.balance,
            "minutes": line.posting.minutes,
            "activity": line.posting.activity,
            "order": line.posting.order_id,
        }
        for line in reversed(lines)
    ]
    ordered: list[Item] = [
        {
            "kind": "point_order",
            "at": order.ordered,
            "item": item.name_zh,
            "quantity": order.quantity,
            "points": order.points,
            "state": order.state,
        }
        for order, item in reversed(orders)
    ]
    return [*postings, *ordered]


async def _erase(session: AsyncSession, person: Person, now: datetime) -> int:
    """The books keep what moved, of nobody who could be found; orders are given back, and what is left expires."""
    orders = await queries.open_orders_of(session, person.residents)
    for order in orders:
        await cancel(session, order, PointTerms(), resident=None, now=now, by=CLOCK)
    accounts = await queries.with_account(session, person.residents)
    await lock(session, accounts)
    for resident in accounts:
        await expire_locked(session, resident, now, reason=Reason.ERASED)
    return len(orders)


async def _used_since(session: AsyncSession, residents: Sequence[UUID], since: datetime) -> AbstractSet[UUID]:
    return await queries.used_since(session, residents, since)


def belonging() -> Belonging:
    return Belonging(
        "points", "志愿积分", "Volunteer points", export=_export, erase=_erase, used_since=_used_since
    )
