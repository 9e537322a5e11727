"""Every read of points. Of whoever is two records that were merged, those of both are one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, case, func, select, text, union
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.points.rules import (
    Account,
    ItemNotFound,
    Lot,
    OrderNotFound,
    OrderState,
    Reason,
    Taken,
)
from services.intake.points.tables import (
    LIVING,
    OPEN_ORDERS,
    PointAccount,
    PointItem,
    PointLot,
    PointOrder,
    PointPosting,
    PointStatement,
    PointUse,
)
from services.intake.rates.months import bounds
from services.intake.residents.queries import of_same_person
from services.intake.residents.tables import Resident
from shared.database import among

_PERSON = func.coalesce(Resident.merged_into, Resident.id).label("resident")
_SIGNED = case(
    (PointPosting.credit == Account.RESIDENT.value, PointPosting.amount), else_=-PointPosting.amount
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person has, and all that they worked."""

    balance: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Line:
    """A movement, and what the person had after it."""

    posting: PointPosting
    balance: int

    @property
    def amount(self) -> int:
        """Above zero for what came, below for what went."""
        came = self.posting.credit == Account.RESIDENT
        return self.posting.amount if came else -self.posting.amount


@dataclass(frozen=True, slots=True)
class Month:
    """A person's points in a month; `balance` at its end."""

    resident: UUID
    earned: int
    spent: int
    expired: int
    corrected: int
    balance: int
    minutes: int


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points of a person that end at the same moment; `resident` is the record that is kept."""

    resident: UUID
    expires: datetime
    amount: int


async def holding(session: AsyncSession, resident: UUID) -> Holding:
    row = (
        await session.execute(
            select(
                func.coalesce(func.sum(PointAccount.balance), 0).label("balance"),
                func.coalesce(func.sum(PointAccount.minutes), 0).label("minutes"),
            ).where(of_same_person(PointAccount.resident, resident))
        )
    ).one()
    return Holding(row.balance, row.minutes)


async def with_account(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[UUID]:
    """Those of them who ever had points."""
    statement = select(PointAccount.resident).where(among(PointAccount.resident, residents))
    return (await session.scalars(statement.order_by(PointAccount.resident))).all()


async def accounts_of(session: AsyncSession, people: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Of people by the records that are kept: each of their records, and which of the people it is of."""
    kept = func.coalesce(Resident.merged_into, Resident.id).label("kept")
    own = select(Resident.id, kept).where(among(Resident.id, people))
    merged = select(Resident.id, kept).where(among(Resident.merged_into, people))
    return {row.id: row.kept for row in await session.execute(union(own, merged))}


async def lots(session: AsyncSession, accounts: Sequence[UUID]) -> Sequence[Lot]:
    """What is left, in the order in which it expires. The accounts are locked by whoever takes from them."""
    rows = await session.execute(
        select(PointLot.id, PointLot.resident, PointLot.expires, PointLot.left)
        .where(among(PointLot.resident, accounts), text(LIVING))
        .order_by(PointLot.expires, PointLot.id)
    )
    return [Lot(row.id, row.resident, row.expires, row.left) for row in rows]


async def lot_of(session: AsyncSession, posting: int) -> Lot | None:
    row = (
        await session.execute(
            select(PointLot.id, PointLot.resident, PointLot.expires, PointLot.left).where(
                PointLot.posting == posting
            )
        )
    ).one_or_none()
    return None if row is None else Lot(row.id, row.resident, row.expires, row.left)


async def uses(session: AsyncSession, order: UUID) -> Sequence[Taken]:
    """What an order took, and from which lots."""
    rows = await session.execute(
        select(PointUse.lot, PointLot.resident, PointUse.amount)
        .join(PointLot, PointLot.id == PointUse.lot)
        .where(PointUse.order_id == order)
    )
    return [Taken(row.lot, row.resident, row.amount) for row in rows]


async def posting(session: AsyncSession, resident: UUID, id: int) -> PointPosting | None:
    return await session.scalar(
        select(PointPosting).where(PointPosting.id == id, of_same_person(PointPosting.resident, resident))
    )


async def postings(
    session: AsyncSession, resident: UUID, *, before: int | None, limit: int
) -> Sequence[Line]:
    """The latest first, from below id `before` on."""
    theirs = (
        select(PointPosting.id, func.sum(_SIGNED).over(order_by=PointPosting.id).label("balance"))
        .where(of_same_person(PointPosting.resident, resident))
        .subquery()
    )
    statement = select(PointPosting, theirs.c.balance).join(theirs, theirs.c.id == PointPosting.id)
    if before is not None:
        statement = statement.where(PointPosting.id < before)
    rows = await session.execute(statement.order_by(PointPosting.id.desc()).limit(limit))
    return [Line(row[0], row[1]) for row in rows]


async def expiring(session: AsyncSession, resident: UUID) -> Sequence[Expiring]:
    """What is left, by when it expires."""
    rows = await session.execute(
        select(PointLot.expires, func.sum(PointLot.left).label("amount"))
        .where(of_same_person(PointLot.resident, resident), text(LIVING))
        .group_by(PointLot.expires)
        .order_by(PointLot.expires)
    )
    return [Expiring(resident, row.expires, int(row.amount)) for row in rows]


async def with_expired(session: AsyncSession, now: datetime, *, count: int) -> Sequence[UUID]:
    """Residents of whom something has expired and is not posted yet, in the order in which they are locked."""
    statement = select(PointLot.resident).where(text(LIVING), PointLot.expires <= now).distinct()
    return (await session.scalars(statement.order_by(PointLot.resident).limit(count))).all()


async def to_warn(session: AsyncSession, until: datetime, *, count: int) -> Sequence[Expiring]:
    """What expires until then, and of which nobody was told yet."""
    statement = (
        select(_PERSON, PointLot.expires, func.sum(PointLot.left).label("amount"))
        .join(Resident, Resident.id == PointLot.resident)
        .where(text(LIVING), PointLot.expires <= until, PointLot.warned.is_(None))
        .group_by(_PERSON, PointLot.expires)
        .order_by(_PERSON, PointLot.expires)
        .limit(count)
    )
    return [Expiring(row.resident, row.expires, int(row.amount)) for row in await session.execute(statement)]


async def catalogue(
    session: AsyncSession, *, offered_only: bool, after: UUID | None, limit: int
) -> Sequence[PointItem]:
    statement = select(PointItem)
    if offered_only:
        statement = statement.where(PointItem.offered)
    if after is not None:
        statement = statement.where(PointItem.id > after)
    return (await session.scalars(statement.order_by(PointItem.id).limit(limit))).all()


async def item(session: AsyncSession, id: UUID, *, for_update: bool = False) -> PointItem:
    """Raises ItemNotFound."""
    statement = select(PointItem).where(PointItem.id == id)
    row = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise ItemNotFound
    return row


async def order(session: AsyncSession, id: UUID, *, resident: UUID | None) -> PointOrder:
    """`resident` narrows to that resident's own. Raises OrderNotFound."""
    statement = select(PointOrder).where(PointOrder.id == id).execution_options(populate_existing=True)
    if resident is not None:
        statement = statement.where(of_same_person(PointOrder.resident, resident))
    row = await session.scalar(statement)
    if row is None:
        raise OrderNotFound
    return row


async def orders(
    session: AsyncSession,
    *,
    resident: UUID | None,
    state: OrderState | None,
    before: UUID | None,
    limit: int,
) -> Sequence[tuple[PointOrder, PointItem]]:
    """The latest first, each with what was ordered."""
    statement = select(PointOrder, PointItem).join(PointItem, PointItem.id == PointOrder.item)
    if resident is not None:
        statement = statement.where(of_same_person(PointOrder.resident, resident))
    if state is OrderState.ORDERED:
        statement = statement.where(text(OPEN_ORDERS))
    elif state is not None:
        statement = statement.where(PointOrder.state == state.value)
    if before is not None:
        statement = statement.where(PointOrder.id < before)
    rows = await session.execute(statement.order_by(PointOrder.id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


async def open_orders_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[UUID]:
    statement = select(PointOrder.id).where(PointOrder.resident.in_(residents), text(OPEN_ORDERS))
    return (await session.scalars(statement.order_by(PointOrder.id))).all()


async def month_of(session: AsyncSession, resident: UUID, month: date) -> Month:
    """What became of a person's points in a month; the balance is what all postings until its end come to."""
    start, end = bounds(month, month)
    row = (await session.execute(_month(start, end, resident))).one()
    balance = await session.scalar(
        select(func.coalesce(func.sum(_SIGNED), 0)).where(
            of_same_person(PointPosting.resident, resident), PointPosting.at < end
        )
    )
    return Month(
        resident,
        earned=row.earned,
        spent=row.ordered - row.given_back,
        expired=row.expired,
        corrected=row.corrected,
        balance=balance or 0,
        minutes=row.minutes,
    )


async def to_state(session: AsyncSession, month: date, *, count: int) -> Sequence[UUID]:
    """People who had postings in the month and no statement of it yet, by the records that are kept."""
    start, end = bounds(month, month)
    stated = (
        select(PointStatement.resident)
        .where(PointStatement.resident == _PERSON, PointStatement.month == month)
        .exists()
    )
    statement = (
        select(_PERSON)
        .join(PointPosting, PointPosting.resident == Resident.id)
        .where(PointPosting.at >= start, PointPosting.at < end, ~stated)
        .distinct()
        .order_by(_PERSON)
        .limit(count)
    )
    return (await session.scalars(statement)).all()


async def used_since(session: AsyncSession, residents: Sequence[UUID], since: datetime) -> set[UUID]:
    """Who of them earned or spent something then or later; what expires by itself is no use."""
    statement = select(PointPosting.resident).where(
        PointPosting.resident.in_(residents),
        PointPosting.at >= since,
        PointPosting.reason.in_([Reason.ATTENDED.value, Reason.ORDERED.value]),
    )
    return set((await session.scalars(statement.distinct())).all())


def _month(start: datetime, end: datetime, resident: UUID) -> Select[Any]:
    def total(*reasons: Reason) -> Any:
        amount = func.sum(PointPosting.amount).filter(
            PointPosting.reason.in_([each.value for each in reasons])
        )
        return func.coalesce(amount, 0)

    return select(
        total(Reason.ATTENDED).label("earned"),
        total(Reason.ORDERED).label("ordered"),
        total(Reason.ORDER_CANCELLED).label("given_back"),
        total(Reason.EXPIRED, Reason.ERASED).label("expired"),
        total(Reason.CORRECTED).label("corrected"),
        func.coalesce(func.sum(PointPosting.minutes), 0).label("minutes"),
    ).where(of_same_person(PointPosting.resident, resident), PointPosting.at >= start, PointPosting.at < end)
