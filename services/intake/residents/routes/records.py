"""Residents one by one: register, change, read, erase, and who read them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.residents import actions, queries
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.routes.schemas import (
    ContactBody,
    ContactChanged,
    NewResident,
    ReadLine,
    ResidentId,
    ResidentRecord,
)
from services.intake.residents.rules import Gender, ReferenceTaken, ResidentErased
from services.intake.residents.tables import PersonalRead
from services.intake.wire import Purpose, PurposeMissing, UnknownCode, purpose_of
from shared.contracts.vocabulary import name
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter()
AnyDesk = Annotated[Desk, provided(Desk)]


@router.post("/v1/residents", status_code=201, responses=refuses(ReferenceTaken, InvalidValue))
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
    _require_own(call, id)
    async with call.transaction() as session:
        row = await queries.one(session, id, for_update=True)
        call.require_match(row.version)
        version = await actions.change_contact(session, desk.keys, row, body.contact(), now=call.now)
    call.etag(version)
    return ContactChanged(id=id, version=version)


@router.get(
    "/v1/residents/{id}",
    responses=refuses(ResidentNotFound, ResidentErased, PurposeMissing, UnknownCode),
)
async def read_resident(
    id: UUID, call: Annotated[Call, permit("residents:read")], desk: AnyDesk, purpose: Purpose = None
) -> ResidentRecord:
    """All that is held of a resident. The read is recorded, and the resident sees it."""
    own = _require_own(call, id)
    reading = actions.Reading(
        actor_of(call.principal), purpose_of(purpose, "own_access" if own else None), call.now
    )
    async with call.transaction() as session:
        row = await queries.one(session, id)
        call.etag(row.version)  # whoever has this version already is shown nothing, and reads nothing
        profile = await actions.read(session, desk.keys, row, reading)
    return ResidentRecord(
        id=id,
        name=profile.contact.name,
        phone=profile.contact.phone,
        email=profile.contact.email,
        address=profile.contact.address,
        language=profile.contact.language,
        gender=None if profile.gender is None else Gender(profile.gender),
        birth_year=profile.birth_year,
        created=row.created,
        version=row.version,
    )


@router.get("/v1/residents/{id}/reads", responses=refuses(ResidentNotFound))
async def list_reads(
    id: UUID,
    call: Annotated[Call, permit("residents:reads")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[ReadLine]:
    """Who read the resident's data, what of it, for what purpose and when; the latest first."""
    _require_own(call, id)
    before = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        rows = await queries.reads(session, id, before=before, limit=limit + 1)

    def line(row: PersonalRead) -> ReadLine:
        return ReadLine(
            at=row.at,
            reader_role=row.reader_role,
            reader=row.reader,
            purpose=row.purpose,
            purpose_name=name("read_purpose", row.purpose, call.language),
            fields=row.fields,
            request=row.request,
        )

    return page(rows, limit, item=line, position=lambda row: (row.id,))


@router.delete("/v1/residents/{id}", status_code=204, responses=refuses(ResidentNotFound, ResidentErased))
async def erase_resident(id: UUID, call: Annotated[Call, permit("residents:erase")], desk: AnyDesk) -> None:
    """Destroy the resident's key: nothing that is held of them can be read any more, by anyone."""
    _require_own(call, id)
    async with call.transaction() as session:
        await actions.erase(session, id, now=call.now)
    desk.keys.drop(call.tenant, id)


def _require_own(call: Call, resident: UUID) -> bool:
    """Whether the record is the caller's own. Someone else's does not exist for a resident."""
    own = own_resident(call.principal)
    if own is not None and own != resident:
        raise ResidentNotFound
    return own is not None
