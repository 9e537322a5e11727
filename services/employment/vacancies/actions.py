"""What happens to a vacancy: each in one transaction, state and event together."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching import actions as matching
from services.employment.matching.rules import Offer
from services.employment.vacancies import queries
from services.employment.vacancies.rules import (
    PastExpiry,
    VacancyMove,
    VacancyState,
    after,
    check_organisation,
    check_pay,
    taken_after,
)
from services.employment.vacancies.tables import Vacancy
from shared.contracts.employment import VacancyFilled, VacancyPublished
from shared.database import new_id
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Terms:
    """All that an employer states."""

    organisation: str
    posts: int
    offer: Offer
    public_welfare: bool
    expires: datetime


async def draft(session: AsyncSession, terms: Terms, *, by: str, now: datetime) -> UUID:
    """The new vacancy's id. Raises PastExpiry, PayReversed, NumberInName."""
    _check(terms, now)
    id = new_id()
    await session.execute(
        insert(Vacancy).values(id=id, state=VacancyState.DRAFT, created=now, created_by=by, **_columns(terms))
    )
    return id


async def change(
    session: AsyncSession, id: UUID, terms: Terms, *, now: datetime, check_version: Callable[[int], None]
) -> int:
    """Replace the terms of what is not published yet; it is a draft again. Gives the new version.

    `check_version` refuses a change of what somebody else has changed meanwhile. Raises VacancyNotFound, MoveRefused,
    PastExpiry, PayReversed, NumberInName.
    """
    _check(terms, now)
    vacancy = await queries.get(session, id, for_update=True)
    check_version(vacancy.version)
    state = after(VacancyState(vacancy.state), VacancyMove.CHANGE)
    await _write(session, vacancy, state, checked_by=None, **_columns(terms))
    return vacancy.version + 1


async def check(session: AsyncSession, id: UUID, *, by: str) -> VacancyState:
    """Someone spoke with the employer. Raises VacancyNotFound, MoveRefused."""
    vacancy = await queries.get(session, id, for_update=True)
    state = after(VacancyState(vacancy.state), VacancyMove.CHECK)
    await _write(session, vacancy, state, checked_by=by)
    return state


async def publish(session: AsyncSession, id: UUID, *, now: datetime) -> VacancyState:
    """Open it to seekers. Raises VacancyNotFound, MoveRefused, PastExpiry."""
    vacancy = await queries.get(session, id, for_update=True)
    state = after(VacancyState(vacancy.state), VacancyMove.PUBLISH)
    if vacancy.expires <= now:
        raise PastExpiry
    await _write(session, vacancy, state, published=now)
    event = VacancyPublished(
        vacancy=id, occupation=vacancy.occupation, posts=vacancy.posts, expires=vacancy.expires
    )
    await record(session, event, at=now)
    return state


async def fill(session: AsyncSession, id: UUID, *, posts: int | None, now: datetime) -> VacancyState:
    """So many posts more are taken (None: all that are left); with the last one it is filled.

    Raises VacancyNotFound, MoveRefused, TooManyTaken.
    """
    vacancy = await queries.get(session, id, for_update=True)
    state = after(VacancyState(vacancy.state), VacancyMove.FILL)
    taken = taken_after(vacancy.posts, vacancy.taken, posts)
    if taken < vacancy.posts:
        await _write(session, vacancy, VacancyState.PUBLISHED, taken=taken)
        return VacancyState.PUBLISHED
    await _write(session, vacancy, state, taken=taken, ended=now)
    await matching.vacancies_gone(session, [id], now=now)
    await record(session, VacancyFilled(vacancy=id), at=now)
    return state


async def close(session: AsyncSession, id: UUID, *, reason: str, now: datetime) -> VacancyState:
    """Take it away for a reason of the vocabulary. Raises VacancyNotFound, MoveRefused."""
    vacancy = await queries.get(session, id, for_update=True)
    state = after(VacancyState(vacancy.state), VacancyMove.CLOSE)
    await _write(session, vacancy, state, ended=now, closing_reason=reason)
    await matching.vacancies_gone(session, [id], now=now)
    return state


async def expire(session: AsyncSession, *, now: datetime, limit: int) -> int:
    """Expire the tenant's vacancies whose time is over, up to `limit`. Gives how many there were."""
    due = (
        select(Vacancy.id)
        .where(Vacancy.state == VacancyState.PUBLISHED, Vacancy.expires <= now)
        .order_by(Vacancy.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = (
        await session.scalars(
            update(Vacancy)
            .where(Vacancy.id.in_(due))
            .values(state=VacancyState.EXPIRED, ended=now, version=Vacancy.version + 1)
            .returning(Vacancy.id)
        )
    ).all()
    if ids:
        await matching.vacancies_gone(session, ids, now=now)
    return len(ids)


async def _write(session: AsyncSession, vacancy: Vacancy, state: VacancyState, **values: Any) -> None:
    await session.execute(
        update(Vacancy)
        .where(Vacancy.id == vacancy.id)
        .values(state=state, version=vacancy.version + 1, **values)
        .execution_options(synchronize_session=False)
    )


def _check(terms: Terms, now: datetime) -> None:
    check_organisation(terms.organisation)
    check_pay(terms.offer.pay_from, terms.offer.pay_to)
    if terms.expires <= now:
        raise PastExpiry(field="expires")


def _columns(terms: Terms) -> dict[str, Any]:
    offer = terms.offer
    return {
        "organisation": terms.organisation,
        "posts": terms.posts,
        "occupation": offer.occupation,
        "required_skills": sorted(offer.required_skills),
        "wished_skills": sorted(offer.wished_skills),
        "certificates": sorted(offer.certificates),
        "education": offer.education,
        "experience_years": offer.experience_years,
        "pay_from": offer.pay_from,
        "pay_to": offer.pay_to,
        "area": offer.area,
        "shifts": sorted(offer.shifts),
        "starts_on": offer.starts_on,
        "public_welfare": terms.public_welfare,
        "expires": terms.expires,
    }
