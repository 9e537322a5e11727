"""What a resident has in activities and venues, for exports and erasures (`residents.belongings`)."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries
from services.intake.activities.actions import leaving
from services.intake.activities.actions.proposing import NOUN
from services.intake.activities.office import Office
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.venues import actions as venue_actions
from services.intake.venues import queries as venues


def activities(office: Office) -> Belonging:
    """Sign-ups, votes and proposals. On an erasure places that are still to come go to those who wait."""

    async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
        items: list[Item] = []
        for sign_up, activity in await queries.all_sign_ups(session, person.residents):
            items.append(
                {
                    "what": "sign_up",
                    "activity": activity.id,
                    "title": activity.title,
                    "starts": activity.starts,
                    "lane": sign_up.lane,
                    "state": sign_up.state,
                    "at": sign_up.at,
                    "checked_in": sign_up.checked_in,
                    "checked_out": sign_up.checked_out,
                    "minutes": sign_up.minutes,
                    "late": sign_up.late,
                }
            )
        for vote in await queries.votes_of(session, person.residents):
            items.append({"what": "vote", "activity": vote.activity, "at": vote.at})
        for activity in await queries.proposed_by(session, person.residents):
            sealed = await queries.proposal(session, activity.id)
            title, description = activity.title, activity.description
            if sealed is not None:
                holder = person.holder(sealed.resident)
                title = holder.open(NOUN, activity.id, "title", sealed.title)
                description = holder.open(NOUN, activity.id, "description", sealed.description)
            items.append(
                {
                    "what": "proposal",
                    "activity": activity.id,
                    "title": title,
                    "description": description,
                    "at": activity.proposed,
                }
            )
        return items

    async def erase(session: AsyncSession, person: Person, now: datetime) -> int:
        return await leaving.forget(session, office, person.residents, now=now)

    async def used_since(
        session: AsyncSession, residents: Sequence[UUID], since: datetime
    ) -> AbstractSet[UUID]:
        return await queries.used_since(session, residents, since)

    return Belonging("activities", "社区活动", "Activities", export, erase, used_since)


def bookings() -> Belonging:
    """Venues that the resident booked for a group. On an erasure those still to come are given back."""

    async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
        return [
            {
                "venue": row.venue,
                "starts": row.during.lower,
                "ends": row.during.upper,
                "state": row.state,
                "booked": row.booked,
            }
            for row in await venues.of_resident(session, person.residents)
        ]

    async def erase(session: AsyncSession, person: Person, now: datetime) -> int:
        return await venue_actions.forget(session, person.residents, now=now)

    return Belonging("bookings", "场地预订", "Bookings of venues", export, erase)


__all__ = ["activities", "bookings"]
