"""Residents one by one: register, change, read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.consents.rules import ConsentMissing
from services.intake.desk import Desk
from services.intake.guardians.queries import acts_for
from services.intake.residents import actions, queries
from services.intake.residents.identity import masked
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.routes.schemas import (
    ContactBody,
    ContactChanged,
    IdentityBody,
    IdNumberAnswer,
    NewResident,
    ResidentId,
    ResidentRecord,
)
from services.intake.residents.rules import Gender, IdNumberTaken, ReferenceTaken, ResidentErased
from services.intake.wire import Purpose, PurposeMissing, UnknownCode, purpose_of
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyDesk = Annotated[Desk, provided(Desk)]


@router.post("/v1/residents", status_code=201, responses=refuses(ReferenceTaken, IdNumberTaken, InvalidValue))
async def register_resident(
    body: NewResident, call: Annotated[Call, permit("residents:create")], desk: AnyDesk
) -> ResidentId:
    """Register a resident. The answer has the id and nothing of what was sent."""

    async def register(session: AsyncSession) -> ResidentId:
        external = None if body.external is None else body.external.reference()
        holder = await actions.create(session, desk.keys, body.profile(), now=call.now, external=external)
        return ResidentId(id=holder.resident)

    return await call.once(register)


@router.put("/v1/residents/{id}/contact", responses=refuses(ResidentNotFound, ResidentErased, InvalidValue))
async def change_contact(
    id: UUID, body: ContactBody, call: Annotated[Call, permit("residents:change")], desk: AnyDesk
) -> ContactChanged:
    """Replace name and ways to be reached. Whoever remembers the old ones is told to forget them."""
    async with call.transaction() as session:
        await _require_reach(call, session, id)
        row = await queries.one(session, id, for_update=True)
        call.require_match(row.version)
        version = await actions.change_contact(session, desk.keys, row, body.contact(), now=call.now)
    call.etag(version)
    return ContactChanged(id=id, version=version)


@router.put(
    "/v1/residents/{id}/identity",
    responses=refuses(ResidentNotFound, ResidentErased, IdNumberTaken, InvalidValue),
)
async def change_identity(
    id: UUID, body: IdentityBody, call: Annotated[Call, permit("residents:identify")], desk: AnyDesk
) -> ContactChanged:
    """Replace identity number, gender and date of birth, as on a document that was seen."""
    async with call.transaction() as session:
        row = await queries.one(session, id, for_update=True)
        call.require_match(row.version)
        version = await actions.change_identity(session, desk.keys, row, body.identity(), now=call.now)
    call.etag(version)
    return ContactChanged(id=id, version=version)


@router.get(
    "/v1/residents/{id}",
    responses=refuses(ResidentNotFound, ResidentErased, PurposeMissing, UnknownCode, ConsentMissing),
)
async def read_resident(
    id: UUID, call: Annotated[Call, permit("residents:read")], desk: AnyDesk, purpose: Purpose = None
) -> ResidentRecord:
    """The resident's record. The read is recorded, and the resident sees it."""
    async with call.transaction() as session:
        own = await _require_reach(call, session, id)
        reading = actions.Reading(actor_of(call.principal), purpose_of(purpose, own), call.now)
        row = await queries.one(session, id)
        call.etag(row.version)  # whoever has this version already is shown nothing, and reads nothing
        profile = await actions.read(session, desk.keys, row, reading)
    number = profile.id_number
    return ResidentRecord(
        id=id,
        name=profile.contact.name,
        phone=profile.contact.phone,
        email=profile.contact.email,
        address=profile.contact.address,
        language=profile.contact.language,
        gender=None if profile.gender is None else Gender(profile.gender),
        birth_year=profile.birth_year,
        birth_date=profile.birth_date,
        id_number=number if number is None or own == "own_access" else masked(number),
        merged_into=row.merged_into,
        created=row.created,
        version=row.version,
    )


@router.get(
    "/v1/residents/{id}/id-number",
    responses=refuses(ResidentNotFound, ResidentErased, PurposeMissing, UnknownCode, ConsentMissing),
)
async def read_id_number(
    id: UUID, call: Annotated[Call, permit("residents:identify")], desk: AnyDesk, purpose: Purpose = None
) -> IdNumberAnswer:
    """The whole identity number, for whoever needs it for a stated purpose. The read is recorded."""
    reading = actions.Reading(actor_of(call.principal), purpose_of(purpose, None), call.now)
    async with call.transaction() as session:
        row = await queries.one(session, id)
        profile = await actions.read(session, desk.keys, row, reading)
    return IdNumberAnswer(id=id, id_number=profile.id_number)


async def _require_reach(call: Call, session: AsyncSession, resident: UUID) -> str | None:
    """The purpose that follows from who the caller is to the resident; None for who works for the community.

    Someone else's record does not exist for a resident. Raises ResidentNotFound.
    """
    own = own_resident(call.principal)
    if own is None:
        return None
    if not await acts_for(session, own, resident):
        raise ResidentNotFound
    return "own_access" if resident in await queries.person(session, own) else "guardian"
