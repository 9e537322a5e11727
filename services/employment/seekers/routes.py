"""HTTP: registering for work. A resident's own token reaches the resident's own registration only."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching.policy import Policies
from services.employment.matching.rules import Profile
from services.employment.permissions import limited_to
from services.employment.rules import MoveRefused
from services.employment.seekers import actions, queries
from services.employment.seekers.queries import SeekerNotFound
from services.employment.seekers.rules import AlreadyRegistered, ResidentGone, SeekerMove, SeekerState
from services.employment.seekers.tables import Seeker
from services.employment.wire import Area, Certificate, Education, Occupation, OneOf, Shift, Skill
from shared.calendar import SHANGHAI
from shared.refusals import Forbidden
from shared.security import permit
from shared.web import Call, Cursor, Day, Model, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["seekers"])
_MOVES = refuses(SeekerNotFound, MoveRefused)


class Wishes(Model):
    """What a seeker wishes and can."""

    occupations: list[Occupation] = Field(min_length=1, max_length=5)
    """Wanted occupations; related ones are found too."""
    skills: list[Skill] = Field(default=[], max_length=50)
    certificates: list[Certificate] = Field(default=[], max_length=20)
    education: Education | None = None
    experience_years: int = Field(default=0, ge=0, le=60)
    minimum_pay: int | None = Field(default=None, ge=1, le=100_000_000)
    """Fen a month."""
    areas: list[Area] = Field(default=[], max_length=20)
    """Areas that can be reached, each with all that lies in it; none means anywhere."""
    shifts: list[Shift] = Field(default=[], max_length=8)
    """Shifts that suit; none means any."""
    available_from: Day | None = None
    """The first day of work; today where it is not given."""

    def profile(self, now: datetime) -> Profile:
        return Profile(
            occupations=frozenset(self.occupations),
            skills=frozenset(self.skills),
            certificates=frozenset(self.certificates),
            education=self.education,
            experience_years=self.experience_years,
            minimum_pay=self.minimum_pay,
            areas=tuple(sorted(set(self.areas))),
            shifts=frozenset(self.shifts),
            available_from=self.available_from or now.astimezone(SHANGHAI).date(),
        )


class RegisterSeeker(Wishes):
    resident: UUID
    """The resident's id in intake."""


class Exit(Model):
    reason: Annotated[str, OneOf("exit_reason")]


class SeekerMoved(Model):
    id: UUID
    state: SeekerState


class SeekerChanged(Model):
    id: UUID
    version: int


class SeekerView(Model):
    id: UUID
    resident: UUID
    state: SeekerState
    occupations: list[str]
    skills: list[str]
    certificates: list[str]
    education: str | None
    experience_years: int
    minimum_pay: int | None
    areas: list[str]
    shifts: list[str]
    available_from: date
    version: int
    registered: datetime
    changed: datetime
    ended: datetime | None
    exit_reason: str | None


@router.post("/v1/seekers", status_code=201, responses=refuses(AlreadyRegistered, ResidentGone))
async def register_seeker(
    body: RegisterSeeker, call: Annotated[Call, permit("seekers:register")]
) -> SeekerMoved:
    """Register a resident as looking for work; at most one registration a resident is active."""
    if limited_to(call.principal) not in {None, body.resident}:
        raise Forbidden(field="resident")

    async def register(session: AsyncSession) -> SeekerMoved:
        id = await actions.register(
            session, resident=body.resident, profile=body.profile(call.now), now=call.now
        )
        return SeekerMoved(id=id, state=SeekerState.REGISTERED)

    return await call.once(register)


@router.get("/v1/seekers")
async def list_seekers(
    *,
    call: Annotated[Call, permit("seekers:read")],
    state: SeekerState | None = None,
    resident: UUID | None = None,
    occupation: Annotated[str | None, Query(max_length=48)] = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[SeekerView]:
    """Newest first."""
    async with call.transaction() as session:
        rows = await queries.page(
            session,
            of=limited_to(call.principal),
            state=state,
            resident=resident,
            occupation=occupation,
            before=cursor.take(UUID)[0] if cursor else None,
            limit=limit + 1,
        )
    return page(rows, limit, item=_view, position=lambda row: (row.id,))


@router.get("/v1/seekers/{id}", responses=refuses(SeekerNotFound))
async def get_seeker(id: UUID, call: Annotated[Call, permit("seekers:read")]) -> SeekerView:
    async with call.transaction() as session:
        seeker = await queries.get(session, id, of=limited_to(call.principal))
    call.etag(seeker.version)
    return _view(seeker)


@router.put("/v1/seekers/{id}", responses=_MOVES)
async def change_seeker(
    id: UUID,
    body: Wishes,
    call: Annotated[Call, permit("seekers:change")],
    policies: Annotated[Policies, provided(Policies)],
) -> SeekerChanged:
    """Replace what the seeker wishes and can (with If-Match); the matches follow at once."""
    async with call.transaction() as session:
        version = await actions.change(
            session,
            id,
            body.profile(call.now),
            of=limited_to(call.principal),
            policy=policies.of(call.tenant),
            now=call.now,
            check_version=call.require_match,
        )
    call.etag(version)
    return SeekerChanged(id=id, version=version)


@router.post("/v1/seekers/{id}/serve", responses=_MOVES)
async def serve_seeker(id: UUID, call: Annotated[Call, permit("seekers:serve")]) -> SeekerMoved:
    """The first service was given: guidance, a referral or a training."""
    return await _move(call, id, SeekerMove.SERVE)


@router.post("/v1/seekers/{id}/place", responses=_MOVES)
async def place_seeker(id: UUID, call: Annotated[Call, permit("seekers:serve")]) -> SeekerMoved:
    """The seeker has work, found through the service."""
    return await _move(call, id, SeekerMove.PLACE)


@router.post("/v1/seekers/{id}/exit", responses=_MOVES)
async def exit_seeker(id: UUID, body: Exit, call: Annotated[Call, permit("seekers:exit")]) -> SeekerMoved:
    """The seeker looks no more, for a reason of the list."""
    return await _move(call, id, SeekerMove.EXIT, reason=body.reason)


async def _move(call: Call, id: UUID, move: SeekerMove, *, reason: str | None = None) -> SeekerMoved:
    async def carry_out(session: AsyncSession) -> SeekerMoved:
        of = limited_to(call.principal)
        state = await actions.move(session, id, move, of=of, now=call.now, reason=reason)
        return SeekerMoved(id=id, state=state)

    return await call.once(carry_out)


def _view(seeker: Seeker) -> SeekerView:
    return SeekerView(
        id=seeker.id,
        resident=seeker.resident,
        state=SeekerState(seeker.state),
        occupations=seeker.occupations,
        skills=seeker.skills,
        certificates=seeker.certificates,
        education=seeker.education,
        experience_years=seeker.experience_years,
        minimum_pay=seeker.minimum_pay,
        areas=seeker.areas,
        shifts=seeker.shifts,
        available_from=seeker.available_from,
        version=seeker.version,
        registered=seeker.registered,
        changed=seeker.changed,
        ended=seeker.ended,
        exit_reason=seeker.exit_reason,
    )
