"""HTTP: vacancies and each of their moves. What was never published is seen only by those who prepare it."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching.rules import Offer
from services.employment.rules import MoveRefused
from services.employment.vacancies import actions, queries
from services.employment.vacancies.actions import Terms
from services.employment.vacancies.queries import VacancyNotFound
from services.employment.vacancies.rules import (
    NumberInName,
    PastExpiry,
    PayReversed,
    TooManyTaken,
    VacancyState,
)
from services.employment.vacancies.tables import Vacancy
from services.employment.wire import (
    Area,
    Certificate,
    Education,
    Named,
    Occupation,
    OneOf,
    Shift,
    Skill,
    named,
)
from shared.refusals import Language
from shared.security import permit
from shared.web import (
    Call,
    Cursor,
    Day,
    Model,
    Moment,
    Page,
    Text,
    cursor_query,
    limit_query,
    page,
    refuses,
)

router = APIRouter(tags=["vacancies"])
_TERMS = (PastExpiry, PayReversed, NumberInName)

_Pay = Annotated[int, Field(ge=1, le=100_000_000)]


class VacancyTerms(Model):
    """What an employer states. Contact persons do not belong here."""

    organisation: Annotated[str, Text(80)]
    """Name of the employer; public."""
    occupation: Occupation
    posts: int = Field(ge=1, le=999)
    required_skills: list[Skill] = Field(default=[], max_length=10)
    wished_skills: list[Skill] = Field(default=[], max_length=10)
    certificates: list[Certificate] = Field(default=[], max_length=5)
    education: Education | None = None
    """The least that is asked for."""
    experience_years: int = Field(default=0, ge=0, le=40)
    pay_from: _Pay
    """Fen a month, as `pay_to`."""
    pay_to: _Pay
    area: Area
    shifts: list[Shift] = Field(default=[], max_length=8)
    """Shifts to choose from; none leaves it open."""
    starts_on: Day | None = None
    public_welfare: bool = False
    """A public-welfare post (公益性岗位)."""
    expires: Moment

    def terms(self) -> Terms:
        offer = Offer(
            occupation=self.occupation,
            required_skills=frozenset(self.required_skills),
            wished_skills=frozenset(self.wished_skills),
            certificates=frozenset(self.certificates),
            education=self.education,
            experience_years=self.experience_years,
            pay_from=self.pay_from,
            pay_to=self.pay_to,
            area=self.area,
            shifts=frozenset(self.shifts),
            starts_on=self.starts_on,
        )
        return Terms(self.organisation, self.posts, offer, self.public_welfare, self.expires)


class Fill(Model):
    posts: int | None = Field(default=None, ge=1, le=999)
    """Posts that were taken; all that are left where it is not given."""


class Close(Model):
    reason: Annotated[str, OneOf("closing_reason")]


class VacancyMoved(Model):
    id: UUID
    state: VacancyState


class VacancyChanged(VacancyMoved):
    version: int


class VacancyView(Model):
    id: UUID
    state: VacancyState
    organisation: str
    occupation: Named
    posts: int
    taken: int
    required_skills: list[str]
    wished_skills: list[str]
    certificates: list[str]
    education: str | None
    experience_years: int
    pay_from: int
    pay_to: int
    area: str
    shifts: list[str]
    starts_on: date | None
    public_welfare: bool
    expires: datetime
    version: int
    published: datetime | None
    ended: datetime | None
    closing_reason: str | None


@router.post("/v1/vacancies", status_code=201, responses=refuses(*_TERMS))
async def draft_vacancy(body: VacancyTerms, call: Annotated[Call, permit("vacancies:draft")]) -> VacancyMoved:
    """A draft, to be checked with the employer before it is published."""

    async def draft(session: AsyncSession) -> VacancyMoved:
        id = await actions.draft(session, body.terms(), by=call.principal.subject, now=call.now)
        return VacancyMoved(id=id, state=VacancyState.DRAFT)

    return await call.once(draft)


@router.get("/v1/vacancies")
async def list_vacancies(
    *,
    call: Annotated[Call, permit("vacancies:read")],
    state: VacancyState | None = None,
    occupation: Annotated[str | None, Query(max_length=48)] = None,
    area: Annotated[str | None, Query(pattern=r"^[0-9]{2,12}$")] = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[VacancyView]:
    """Newest first. `area` includes all that lies in it."""
    async with call.transaction() as session:
        rows = await queries.page(
            session,
            only_public=_only_public(call),
            state=state,
            occupation=occupation,
            area=area,
            before=cursor.take(UUID)[0] if cursor else None,
            limit=limit + 1,
        )
    return page(rows, limit, item=lambda row: _view(row, call.language), position=lambda row: (row.id,))


@router.get("/v1/vacancies/{id}", responses=refuses(VacancyNotFound))
async def get_vacancy(id: UUID, call: Annotated[Call, permit("vacancies:read")]) -> VacancyView:
    async with call.transaction() as session:
        vacancy = await queries.get(session, id, only_public=_only_public(call))
    call.etag(vacancy.version)
    return _view(vacancy, call.language)


@router.put("/v1/vacancies/{id}", responses=refuses(VacancyNotFound, MoveRefused, *_TERMS))
async def change_vacancy(
    id: UUID, body: VacancyTerms, call: Annotated[Call, permit("vacancies:prepare")]
) -> VacancyChanged:
    """Replace the terms of what is not published yet (with If-Match); it has to be checked again."""
    async with call.transaction() as session:
        version = await actions.change(
            session, id, body.terms(), now=call.now, check_version=call.require_match
        )
    call.etag(version)
    return VacancyChanged(id=id, state=VacancyState.DRAFT, version=version)


@router.post("/v1/vacancies/{id}/check", responses=refuses(VacancyNotFound, MoveRefused))
async def check_vacancy(id: UUID, call: Annotated[Call, permit("vacancies:check")]) -> VacancyMoved:
    """Someone spoke with the employer and found the vacancy genuine."""

    async def check(session: AsyncSession) -> VacancyMoved:
        return VacancyMoved(id=id, state=await actions.check(session, id, by=call.principal.subject))

    return await call.once(check)


@router.post("/v1/vacancies/{id}/publish", responses=refuses(VacancyNotFound, MoveRefused, PastExpiry))
async def publish_vacancy(id: UUID, call: Annotated[Call, permit("vacancies:publish")]) -> VacancyMoved:
    """Open it to seekers; those whom it fits are told."""

    async def publish(session: AsyncSession) -> VacancyMoved:
        return VacancyMoved(id=id, state=await actions.publish(session, id, now=call.now))

    return await call.once(publish)


@router.post("/v1/vacancies/{id}/fill", responses=refuses(VacancyNotFound, MoveRefused, TooManyTaken))
async def fill_vacancy(id: UUID, body: Fill, call: Annotated[Call, permit("vacancies:fill")]) -> VacancyMoved:
    """Posts were taken; with the last one the vacancy is filled."""

    async def fill(session: AsyncSession) -> VacancyMoved:
        return VacancyMoved(id=id, state=await actions.fill(session, id, posts=body.posts, now=call.now))

    return await call.once(fill)


@router.post("/v1/vacancies/{id}/close", responses=refuses(VacancyNotFound, MoveRefused))
async def close_vacancy(
    id: UUID, body: Close, call: Annotated[Call, permit("vacancies:close")]
) -> VacancyMoved:
    """Take it away, for a reason of the list."""

    async def close(session: AsyncSession) -> VacancyMoved:
        return VacancyMoved(id=id, state=await actions.close(session, id, reason=body.reason, now=call.now))

    return await call.once(close)


def _only_public(call: Call) -> bool:
    return not call.principal.may("vacancies:prepare")


def _view(vacancy: Vacancy, language: Language) -> VacancyView:
    return VacancyView(
        id=vacancy.id,
        state=VacancyState(vacancy.state),
        organisation=vacancy.organisation,
        occupation=named("occupation", vacancy.occupation, language),
        posts=vacancy.posts,
        taken=vacancy.taken,
        required_skills=vacancy.required_skills,
        wished_skills=vacancy.wished_skills,
        certificates=vacancy.certificates,
        education=vacancy.education,
        experience_years=vacancy.experience_years,
        pay_from=vacancy.pay_from,
        pay_to=vacancy.pay_to,
        area=vacancy.area,
        shifts=vacancy.shifts,
        starts_on=vacancy.starts_on,
        public_welfare=vacancy.public_welfare,
        expires=vacancy.expires,
        version=vacancy.version,
        published=vacancy.published,
        ended=vacancy.ended,
        closing_reason=vacancy.closing_reason,
    )
