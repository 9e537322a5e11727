"""Every read of matches, and of those who may be matched."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, distinct, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching.tables import Match
from services.employment.seekers.queries import ACTIVE_STATES
from services.employment.seekers.tables import Seeker
from services.employment.vacancies.queries import is_open
from services.employment.vacancies.tables import Vacancy
from shared.database import among

Pair = tuple[UUID, UUID]
"""Seeker, vacancy."""


@dataclass(frozen=True, slots=True)
class Current:
    """The match of a pair as it stands."""

    id: UUID
    fit: str
    score: float
    policy: str
    seeker_version: int


@dataclass(frozen=True, slots=True)
class Counts:
    seekers: int
    """Still looking."""
    vacancies: int
    """Open."""
    matched_pairs: int
    """Current matches of an open vacancy that fit."""
    seekers_with_match: int


async def active_seekers(
    session: AsyncSession, *, ids: Collection[UUID] | None = None, occupations: Iterable[str] = ()
) -> Sequence[Seeker]:
    """Those of the ids, or those who want one of the occupations; held as they are until the transaction ends.

    The lock makes a change of a registration wait, or be seen here: whichever comes second matches the newer one.
    """
    statement = select(Seeker).where(Seeker.state.in_(ACTIVE_STATES)).order_by(Seeker.id)
    if ids is not None:
        statement = statement.where(among(Seeker.id, ids))
    else:
        statement = statement.where(Seeker.occupations.overlap(sorted(occupations)))
    return await _held(session, statement)


async def open_vacancies(
    session: AsyncSession,
    now: datetime,
    *,
    ids: Collection[UUID] | None = None,
    occupations: Iterable[str] = (),
) -> Sequence[Vacancy]:
    """As `active_seekers`: whoever fills or closes one of these waits until what was told of it is recorded."""
    statement = select(Vacancy).where(is_open(now)).order_by(Vacancy.id)
    if ids is not None:
        statement = statement.where(among(Vacancy.id, ids))
    else:
        statement = statement.where(Vacancy.occupation.in_(sorted(occupations)))
    return await _held(session, statement)


async def _held(session: AsyncSession, statement: Any) -> Sequence[Any]:
    locked = statement.with_for_update(read=True).execution_options(populate_existing=True)
    return (await session.scalars(locked)).all()


async def current(
    session: AsyncSession, *, seekers: Collection[UUID] = (), vacancies: Collection[UUID] = ()
) -> Mapping[Pair, Current]:
    """The current matches of these seekers, or of these vacancies."""
    of = among(Match.seeker, seekers) if seekers else among(Match.vacancy, vacancies)
    rows = await session.execute(
        select(
            Match.seeker,
            Match.vacancy,
            Match.id,
            Match.fit,
            Match.score,
            Match.policy,
            Match.seeker_version,
        ).where(of, Match.superseded.is_(None))
    )
    return {
        (row.seeker, row.vacancy): Current(row.id, row.fit, row.score, row.policy, row.seeker_version)
        for row in rows
    }


async def findings(session: AsyncSession, matches: Collection[UUID]) -> Mapping[UUID, list[dict[str, Any]]]:
    """The stored findings of these matches."""
    rows = await session.execute(select(Match.id, Match.findings).where(among(Match.id, matches)))
    return {row.id: row.findings for row in rows}


async def told_scores(session: AsyncSession, seekers: Collection[UUID]) -> Mapping[Pair, float]:
    """The score with which each seeker was last told of each vacancy."""
    rows = await session.execute(
        select(Match.seeker, Match.vacancy, Match.score)
        .where(among(Match.seeker, seekers), Match.told.is_not(None))
        .order_by(Match.told)
    )
    return {(row.seeker, row.vacancy): row.score for row in rows}


async def told_of(session: AsyncSession, vacancies: Collection[UUID]) -> Mapping[UUID, int]:
    """How many who still look have been told of each vacancy."""
    rows = await session.execute(
        select(Match.vacancy, func.count(distinct(Match.seeker)).label("told"))
        .join(Seeker, Seeker.id == Match.seeker)
        .where(among(Match.vacancy, vacancies), Match.told.is_not(None), Seeker.state.in_(ACTIVE_STATES))
        .group_by(Match.vacancy)
    )
    return {row.vacancy: row.told for row in rows}


Place = tuple[float, UUID]
"""Where a page of matches ended: score and id of its last one."""


async def matches_of_seeker(
    session: AsyncSession, seeker: UUID, *, now: datetime, before: Place | None, limit: int
) -> Sequence[Row[Match, Vacancy]]:
    """Best first; only vacancies that are open."""
    statement = (
        select(Match, Vacancy)
        .join(Vacancy, Vacancy.id == Match.vacancy)
        .where(Match.seeker == seeker, is_open(now), *_on_page(before))
    )
    return (await session.execute(_best_first(statement, limit))).all()


async def matches_of_vacancy(
    session: AsyncSession, vacancy: UUID, *, now: datetime, before: Place | None, limit: int
) -> Sequence[Row[Match, Seeker]]:
    """Best first; only seekers who still look, and nobody once the vacancy is gone."""
    statement = (
        select(Match, Seeker)
        .join(Seeker, Seeker.id == Match.seeker)
        .join(Vacancy, Vacancy.id == Match.vacancy)
        .where(Match.vacancy == vacancy, Seeker.state.in_(ACTIVE_STATES), is_open(now), *_on_page(before))
    )
    return (await session.execute(_best_first(statement, limit))).all()


def _on_page(before: Place | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Match.superseded.is_(None)]
    if before is not None:
        conditions.append(tuple_(Match.score, Match.id) < before)
    return conditions


def _best_first(statement: Any, limit: int) -> Any:
    return statement.order_by(Match.score.desc(), Match.id.desc()).limit(limit)


async def counts(session: AsyncSession, now: datetime) -> Counts:
    fitting = (
        select(Match.seeker)
        .join(Seeker, Seeker.id == Match.seeker)
        .join(Vacancy, Vacancy.id == Match.vacancy)
        .where(Match.superseded.is_(None), Match.fit == "fits", is_open(now), Seeker.state.in_(ACTIVE_STATES))
        .subquery()
    )
    row = (
        await session.execute(
            select(
                select(func.count()).where(Seeker.state.in_(ACTIVE_STATES)).scalar_subquery(),
                select(func.count()).select_from(Vacancy).where(is_open(now)).scalar_subquery(),
                select(func.count()).select_from(fitting).scalar_subquery(),
                select(func.count(distinct(fitting.c.seeker))).scalar_subquery(),
            )
        )
    ).one()
    return Counts(*row)
