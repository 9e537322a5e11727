"""A resident's "me too", as something that intake holds of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.hot_spots.actions import forget_votes
from services.intake.hot_spots.queries import votes_of
from services.intake.residents.belongings import Belonging, Item, Person


async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
    return [{"hot_spot": vote.hot_spot, "at": vote.at} for vote in await votes_of(session, person.residents)]


async def erase(session: AsyncSession, person: Person, _now: datetime) -> int:
    return await forget_votes(session, person.residents)


BELONGING = Belonging("hot_spot_votes", "热点附议", "Votes for hot spots", export=export, erase=erase)
