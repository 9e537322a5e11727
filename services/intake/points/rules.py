"""Volunteer points: what an hour is worth, when points expire, which go first. Plain Python, whole points.

One hour one point, at most two hours an activity (DOMAIN.md): full hours count, as an activity's papers are kept in hours;
the minutes themselves are recorded beside them. Points live `months` (default 24) and then to the end of that month, so
that those earned at different activities of one month expire together and one warning tells of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from shared.calendar import SHANGHAI
from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound


class Account(StrEnum):
    """Each posting takes points from one account and gives them to another: both sides always come to the same."""

    ISSUED = "issued"
    """Where points come from."""
    RESIDENT = "resident"
    SPENT = "spent"
    EXPIRED = "expired"


class Reason(StrEnum):
    ATTENDED = "attended"
    ORDERED = "ordered"
    ORDER_CANCELLED = "order_cancelled"
    EXPIRED = "expired"
    CORRECTED = "corrected"
    """By the head, with the entry that was wrong."""
    ERASED = "erased"


FLOW: Mapping[Reason, tuple[Account, Account]] = {
    Reason.ATTENDED: (Account.ISSUED, Account.RESIDENT),
    Reason.ORDERED: (Account.RESIDENT, Account.SPENT),
    Reason.ORDER_CANCELLED: (Account.SPENT, Account.RESIDENT),
    Reason.EXPIRED: (Account.RESIDENT, Account.EXPIRED),
    Reason.CORRECTED: (Account.RESIDENT, Account.ISSUED),
    Reason.ERASED: (Account.RESIDENT, Account.EXPIRED),
}
"""From which account to which."""


class OrderState(StrEnum):
    ORDERED = "ordered"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


class NotEnoughPoints(Conflict):
    type = "not-enough-points"
    zh = "积分不足：需要 {needed} 分，现有 {balance} 分。"
    en = "Not enough points: {needed} are needed, there are {balance}."


class OutOfStock(Conflict):
    type = "out-of-stock"
    zh = "库存不足，现有 {stock} 件。"
    en = "Not that many are in stock; there are {stock}."


class ItemNotFound(NotFound):
    type = "point-item-not-found"
    zh = "没有这件兑换品，或已下架。"
    en = "There is no such thing in the catalogue, or no longer."


class OrderNotFound(NotFound):
    type = "point-order-not-found"
    zh = "没有这笔兑换。"
    en = "There is no such order."


class OrderSettled(Conflict):
    type = "point-order-settled"
    zh = "该兑换已领取或已取消，不能再更改。"
    en = "This order was handed over or cancelled and cannot be changed any more."


class CancelWindowClosed(Conflict):
    type = "point-order-cancel-window-closed"
    zh = "已超过可取消的时间，请联系社区。"
    en = "It is too late to cancel this order; please ask the community."


class PostingNotFound(NotFound):
    type = "point-posting-not-found"
    zh = "没有这笔积分记录。"
    en = "There is no such entry of points."


class AlreadyCorrected(Conflict):
    type = "point-posting-corrected"
    zh = "只有参加活动所得的积分可以更正，且只能更正一次；已用掉的部分无法收回。"
    en = "Only points for attending can be taken back, and once; what was spent of them cannot."


class OwnPointsOnly(Forbidden):
    type = "own-points-only"
    zh = "只能查看和使用本人的积分。"
    en = "You can only see and use your own points."


class MonthNotOver(InvalidValue):
    type = "month-not-over"


@dataclass(frozen=True, slots=True)
class PointTerms:
    """A tenant's numbers, its table `intake.points`."""

    months: int = 24
    """After which points expire, at the end of the month."""
    most_hours: int = 2
    """That count of one activity."""
    warn_days: int = 30
    """Before they expire, their owner is told."""
    cancel_hours: int = 24
    """In which an order may be cancelled by whoever made it."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "PointTerms":
        """Raises ValueError that names the setting at fault."""
        names = {each.name for each in fields(cls)}
        for name, value in settings.items():
            if name not in names or isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"intake.points: {name} = {value!r} is not a whole number from 1")
        return cls(**settings)


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that were earned together, and what is left of them."""

    id: UUID
    resident: UUID
    """Whose account they are in: a person of whom two records were merged has more than one."""
    expires: datetime
    left: int


@dataclass(frozen=True, slots=True)
class Taken:
    lot: UUID
    resident: UUID
    amount: int


def points_for(minutes: int, terms: PointTerms) -> int:
    """For the minutes that somebody worked at one activity."""
    return min(minutes // 60, terms.most_hours)


def expires(earned: datetime, terms: PointTerms) -> datetime:
    """The moment from which points that were earned then are gone: a midnight in Shanghai."""
    local = earned.astimezone(SHANGHAI)
    years, index = divmod(local.year * 12 + local.month - 1 + terms.months + 1, 12)
    return datetime.combine(date(years, index + 1, 1), time(), SHANGHAI)


def take(lots: Iterable[Lot], amount: int, now: datetime) -> Sequence[Taken]:
    """From which lots an amount is taken: what expires first goes first. Raises NotEnoughPoints.

    Lots that have expired give nothing, whether the night's job has come to them or not.
    """
    living = sorted((lot for lot in lots if lot.expires > now), key=lambda lot: (lot.expires, lot.id))
    taken: list[Taken] = []
    missing = amount
    for lot in living:
        part = min(lot.left, missing)
        if part:
            taken.append(Taken(lot.id, lot.resident, part))
            missing -= part
    if missing:
        raise NotEnoughPoints(needed=amount, balance=amount - missing)
    return taken


def expired(lots: Iterable[Lot], now: datetime) -> Sequence[Taken]:
    """What is left of lots whose time is over."""
    return [Taken(lot.id, lot.resident, lot.left) for lot in lots if lot.left and lot.expires <= now]


def by_account(taken: Iterable[Taken]) -> Mapping[UUID, int]:
    """What is taken from each account, in the order of their residents' ids."""
    sums = Counter[UUID]()
    for each in taken:
        sums[each.resident] += each.amount
    return dict(sorted(sums.items()))


def may_cancel(
    state: OrderState, ordered: datetime, now: datetime, terms: PointTerms, *, staff: bool
) -> None:
    """Whoever ordered may think better of it for some hours; staff until it was handed over.

    Raises OrderSettled, CancelWindowClosed.
    """
    if state is not OrderState.ORDERED:
        raise OrderSettled
    if not staff and now > ordered + timedelta(hours=terms.cancel_hours):
        raise CancelWindowClosed
