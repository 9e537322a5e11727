"""HTTP: what fits whom and why (为什么推荐), and the counts of it all."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter

from services.employment.matching import queries
from services.employment.matching.explanation import sentence
from services.employment.matching.findings import from_json
from services.employment.matching.queries import Place
from services.employment.matching.rules import Fit, Verdict
from services.employment.matching.tables import Match
from services.employment.permissions import limited_to
from services.employment.seekers import queries as seekers
from services.employment.seekers.rules import SeekerState
from services.employment.seekers.tables import Seeker
from services.employment.vacancies import queries as vacancies
from services.employment.vacancies.tables import Vacancy
from services.employment.wire import Named, named
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page, refuses
from shared.web.paging import Position

router = APIRouter(tags=["matching"])

_DIGITS = 10_000
"""A cursor carries the score as a whole number of ten-thousandths."""


class Why(Model):
    """One criterion: how it was judged, and in words."""

    criterion: str
    name: str
    verdict: Verdict
    degree: float
    """How far it is met, 0 to 1."""
    share: float
    """Its part of the score, 0 to 1."""
    text: str
    """The sentence that says so, in the caller's language."""


class MissingSkill(Named):
    required: bool
    """A required skill keeps the match from fitting; a wished one only lowers the score."""


class MatchView(Model):
    id: UUID
    fit: Fit
    score: float
    met: list[str]
    unmet: list[str]
    missing_skills: list[MissingSkill]
    training: list[Named]
    """Courses that teach a missing skill; the one that teaches most of them first."""
    why: list[Why]
    policy: str
    assessed: datetime
    told: datetime | None
    """When the seeker was told of it."""


class MatchedVacancy(Model):
    id: UUID
    organisation: str
    occupation: Named
    posts_left: int
    pay_from: int
    """Fen a month, as `pay_to`."""
    pay_to: int
    area: str
    shifts: list[Named]
    starts_on: date | None
    public_welfare: bool
    expires: datetime


class MatchedSeeker(Model):
    id: UUID
    resident: UUID
    state: SeekerState
    occupations: list[Named]


class SeekersMatch(MatchView):
    vacancy: MatchedVacancy


class VacancysMatch(MatchView):
    seeker: MatchedSeeker


class Summary(Model):
    seekers: int
    """Still looking."""
    vacancies: int
    """Open."""
    matched_pairs: int
    """Pairs of the two that fit."""
    seekers_with_match: int


@router.get("/v1/seekers/{id}/matches", responses=refuses(seekers.SeekerNotFound))
async def list_matches_of_seeker(
    id: UUID,
    call: Annotated[Call, permit("matches:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[SeekersMatch]:
    """Open vacancies for a seeker, best first; `near` ones lack exactly one required skill."""
    async with call.transaction() as session:
        await seekers.get(session, id, of=limited_to(call.principal))
        rows = await queries.matches_of_seeker(
            session, id, now=call.now, before=_place(cursor), limit=limit + 1
        )
    return page(rows, limit, item=lambda row: _of_seeker(*row, call.language), position=_position)


@router.get("/v1/vacancies/{id}/matches", responses=refuses(vacancies.VacancyNotFound))
async def list_matches_of_vacancy(
    id: UUID,
    call: Annotated[Call, permit("candidates:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[VacancysMatch]:
    """Seekers for an open vacancy, best first."""
    async with call.transaction() as session:
        await vacancies.get(session, id)
        rows = await queries.matches_of_vacancy(
            session, id, now=call.now, before=_place(cursor), limit=limit + 1
        )
    return page(rows, limit, item=lambda row: _of_vacancy(*row, call.language), position=_position)


@router.get("/v1/summary")
async def summarise(call: Annotated[Call, permit("summary:read")]) -> Summary:
    async with call.transaction() as session:
        counts = await queries.counts(session, call.now)
    return Summary(**asdict(counts))


def _place(cursor: Cursor | None) -> Place | None:
    if cursor is None:
        return None
    score, id = cursor.take(int, UUID)
    return score / _DIGITS, id


def _position(row: Any) -> tuple[Position, ...]:
    return (round(row[0].score * _DIGITS), row[0].id)


def _of_seeker(match: Match, vacancy: Vacancy, language: Language) -> SeekersMatch:
    line = MatchedVacancy(
        id=vacancy.id,
        organisation=vacancy.organisation,
        occupation=named("occupation", vacancy.occupation, language),
        posts_left=vacancy.posts - vacancy.taken,
        pay_from=vacancy.pay_from,
        pay_to=vacancy.pay_to,
        area=vacancy.area,
        shifts=[named("shift", code, language) for code in vacancy.shifts],
        starts_on=vacancy.starts_on,
        public_welfare=vacancy.public_welfare,
        expires=vacancy.expires,
    )
    return SeekersMatch(**_fields(match, language), vacancy=line)


def _of_vacancy(match: Match, seeker: Seeker, language: Language) -> VacancysMatch:
    line = MatchedSeeker(
        id=seeker.id,
        resident=seeker.resident,
        state=SeekerState(seeker.state),
        occupations=[named("occupation", code, language) for code in seeker.occupations],
    )
    return VacancysMatch(**_fields(match, language), seeker=line)


def _fields(match: Match, language: Language) -> dict[str, Any]:
    findings = from_json(match.findings)
    return {
        "id": match.id,
        "fit": Fit(match.fit),
        "score": match.score,
        "met": [str(f.criterion) for f in findings if f.verdict is Verdict.MET],
        "unmet": [str(f.criterion) for f in findings if f.verdict is Verdict.UNMET],
        "missing_skills": [
            MissingSkill(code=code, name=name("job_skill", code, language), required=required)
            for codes, required in ((match.missing_required, True), (match.missing_wished, False))
            for code in codes
        ],
        "training": [named("training", code, language) for code in match.training],
        "why": [
            Why(
                criterion=f.criterion,
                name=name("match_criterion", f.criterion, language),
                verdict=f.verdict,
                degree=f.degree,
                share=f.share,
                text=sentence(f, language),
            )
            for f in findings
        ],
        "policy": match.policy,
        "assessed": match.assessed,
        "told": match.told,
    }
