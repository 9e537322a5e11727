"""Every read of vacancies."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching.rules import Offer
from services.employment.vacancies.rules import VacancyState
from services.employment.vacancies.tables import Vacancy
from shared.refusals import NotFound


class VacancyNotFound(NotFound):
    type = "vacancy-not-found"
    zh = "没有找到这个岗位。"
    en = "There is no such vacancy."


def offer_of(vacancy: Vacancy) -> Offer:
    return Offer(
        occupation=vacancy.occupation,
        required_skills=frozenset(vacancy.required_skills),
        wished_skills=frozenset(vacancy.wished_skills),
        certificates=frozenset(vacancy.certificates),
        education=vacancy.education,
        experience_years=vacancy.experience_years,
        pay_from=vacancy.pay_from,
        pay_to=vacancy.pay_to,
        area=vacancy.area,
        shifts=frozenset(vacancy.shifts),
        starts_on=vacancy.starts_on,
    )


def is_open(now: datetime) -> ColumnElement[bool]:
    """As `rules.is_open`, in SQL."""
    return and_(Vacancy.state == VacancyState.PUBLISHED, Vacancy.expires > now)


async def get(
    session: AsyncSession, id: UUID, *, only_public: bool = False, for_update: bool = False
) -> Vacancy:
    """One vacancy; what was never published is not public. Raises VacancyNotFound."""
    statement = select(Vacancy).where(Vacancy.id == id)
    if only_public:
        statement = statement.where(Vacancy.published.is_not(None))
    if for_update:
        statement = statement.with_for_update()
    vacancy = await session.scalar(statement)
    if vacancy is None:
        raise VacancyNotFound
    return vacancy


async def page(
    session: AsyncSession,
    *,
    only_public: bool,
    state: VacancyState | None,
    occupation: str | None,
    area: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Vacancy]:
    """Newest first, up to `limit`, from below the id `before`. `area` includes all that lies in it."""
    statement = select(Vacancy).order_by(Vacancy.id.desc()).limit(limit)
    if only_public:
        statement = statement.where(Vacancy.published.is_not(None))
    if state is not None:
        statement = statement.where(Vacancy.state == state)
    if occupation is not None:
        statement = statement.where(Vacancy.occupation == occupation)
    if area is not None:
        statement = statement.where(Vacancy.area.startswith(area, autoescape=True))
    if before is not None:
        statement = statement.where(Vacancy.id < before)
    return (await session.scalars(statement)).all()
