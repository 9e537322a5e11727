"""Fingerprints as something that intake holds of a resident."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.duplicates.actions import forget, prints_of
from services.intake.residents.belongings import Belonging, Item, Person


async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
    """That there is one, and of which request: hashes say nothing to anybody."""
    return [
        {"request": request, "terms": len(print.terms)}
        async for prints in prints_of(session, person.residents)
        for request, print in prints.items()
    ]


async def erase(session: AsyncSession, person: Person, _now: datetime) -> int:
    gone = 0
    async for prints in prints_of(session, person.residents):
        await forget(session, prints)
        gone += len(prints)
    return gone


BELONGING = Belonging("fingerprints", "诉求指纹", "Fingerprints of requests", export=export, erase=erase)
