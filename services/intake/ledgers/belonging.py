"""Money that a resident laid out or gave, for those who ask what is held of them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.ledgers import queries
from services.intake.residents.belongings import Belonging, Item, Person, nothing_to_erase


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    return [
        {
            "activity": row.activity,
            "line": row.number,
            "at": row.at,
            "kind": row.kind,
            "amount_fen": row.amount,
            "purpose": row.purpose,
            "receipt": row.receipt,
        }
        for row in await queries.of_residents(session, person.residents)
    ]


def belonging() -> Belonging:
    """Nothing is erased: a line names nobody but by an id that leads nowhere afterwards, and books are kept (会计法)."""
    return Belonging("ledgers", "活动账目", "Money of activities", export=_export, erase=nothing_to_erase)
