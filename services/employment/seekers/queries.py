"""Every read of seekers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching.rules import Profile
from services.employment.seekers.rules import ACTIVE, SeekerState
from services.employment.seekers.tables import ErasedResident, Seeker
from shared.refusals import NotFound

ACTIVE_STATES = sorted(str(state) for state in ACTIVE)


class SeekerNotFound(NotFound):
    type = "seeker-not-found"
    zh = "没有找到这份求职登记。"
    en = "There is no such registration."


def profile_of(seeker: Seeker) -> Profile:
    return Profile(
        occupations=frozenset(seeker.occupations),
        skills=frozenset(seeker.skills),
        certificates=frozenset(seeker.certificates),
        education=seeker.education,
        experience_years=seeker.experience_years,
        minimum_pay=seeker.minimum_pay,
        areas=tuple(seeker.areas),
        shifts=frozenset(seeker.shifts),
        available_from=seeker.available_from,
    )


async def get(session: AsyncSession, id: UUID, *, of: UUID | None = None, for_update: bool = False) -> Seeker:
    """One registration; `of` is the resident whose it has to be. Raises SeekerNotFound."""
    statement = select(Seeker).where(Seeker.id == id)
    if of is not None:
        statement = statement.where(Seeker.resident == of)
    if for_update:
        statement = statement.with_for_update()
    seeker = await session.scalar(statement)
    if seeker is None:
        raise SeekerNotFound
    return seeker


async def page(
    session: AsyncSession,
    *,
    of: UUID | None,
    state: SeekerState | None,
    resident: UUID | None,
    occupation: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Seeker]:
    """Newest first, up to `limit`, from below the id `before`; `of` is the resident whose they have to be."""
    statement = select(Seeker).order_by(Seeker.id.desc()).limit(limit)
    if of is not None:
        statement = statement.where(Seeker.resident == of)
    if state is not None:
        statement = statement.where(Seeker.state == state)
    if resident is not None:
        statement = statement.where(Seeker.resident == resident)
    if occupation is not None:
        statement = statement.where(Seeker.occupations.contains([occupation]))
    if before is not None:
        statement = statement.where(Seeker.id < before)
    return (await session.scalars(statement)).all()


async def is_registered(session: AsyncSession, resident: UUID) -> bool:
    """Has an active registration."""
    return bool(
        await session.scalar(
            select(exists().where(Seeker.resident == resident, Seeker.state.in_(ACTIVE_STATES)))
        )
    )


async def is_erased(session: AsyncSession, resident: UUID) -> bool:
    return bool(await session.scalar(select(exists().where(ErasedResident.resident == resident))))
