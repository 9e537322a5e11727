"""HTTP paths of households."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.guardians.queries import acts_for
from services.intake.households import actions, queries
from services.intake.households.rules import (
    AlreadyInHousehold,
    HeadStays,
    HouseholdEnded,
    HouseholdNotFound,
    NotAMember,
    NumberTaken,
)
from services.intake.households.tables import Household
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import Code, Purpose, UnknownCode, known_code, purpose_of, word
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, Text, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["households"])
AnyDesk = Annotated[Desk, provided(Desk)]
_CHANGED = (HouseholdNotFound, HouseholdEnded)


class NewHousehold(Model):
    head: UUID
    number: Annotated[str, Text(32)] | None = None
    """Of the household register (户号)."""
    address: Annotated[str, Text(200)] | None = None


class NewMember(Model):
    resident: UUID
    relation: Code
    """To the head, of the vocabulary `household_relation`."""


class NewHead(Model):
    resident: UUID


class NewAddress(Model):
    address: Annotated[str, Text(200)]


class Number(Model):
    number: Annotated[str, Text(32)]


class HouseholdId(Model):
    id: UUID
    version: int


class HouseholdFound(Model):
    household: UUID | None


class Member(Model):
    resident: UUID
    relation: str
    relation_name: str | None


class HouseholdLine(Model):
    id: UUID
    grid: UUID | None
    place: str | None
    created: datetime


class HouseholdRecord(HouseholdLine):
    address: str | None
    members: list[Member]
    """In the order in which they joined; names are in their records."""
    ended: datetime | None
    version: int


@router.post(
    "/v1/households",
    status_code=201,
    responses=refuses(ResidentNotFound, ResidentErased, AlreadyInHousehold, NumberTaken),
)
async def found_household(
    body: NewHousehold, call: Annotated[Call, permit("households:change")], desk: AnyDesk
) -> HouseholdId:
    """A household with its head. The grid follows from the address."""
    place = await desk.grids.place(call.tenant, body.address)

    async def found(session: AsyncSession) -> HouseholdId:
        made = await actions.found(
            session,
            desk.keys,
            body.head,
            number=body.number,
            address=body.address,
            place=place,
            now=call.now,
        )
        return HouseholdId(id=made, version=1)

    return await call.once(found)


@router.post("/v1/households/find")
async def find_household(
    body: Number, call: Annotated[Call, permit("households:read")], desk: AnyDesk
) -> HouseholdFound:
    """By its number in the household register. A POST, since that may stand in no address."""
    if own_resident(call.principal) is not None:
        return HouseholdFound(household=None)
    async with call.transaction() as session:
        return HouseholdFound(household=await queries.by_number(session, desk.keys, body.number))


@router.get("/v1/households")
async def list_households(
    call: Annotated[Call, permit("households:list")],
    grid: UUID | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[HouseholdLine]:
    """Those that stand, of one grid or all: no address, no member."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(session, grid=grid, after=after, limit=limit + 1)

    def line(row: Household) -> HouseholdLine:
        return HouseholdLine(id=row.id, grid=row.grid, place=row.place, created=row.created)

    return page(rows, limit, item=line, position=lambda row: (row.id,))


@router.get("/v1/households/{id}", responses=refuses(HouseholdNotFound, UnknownCode))
async def read_household(
    id: UUID, call: Annotated[Call, permit("households:read")], desk: AnyDesk, purpose: Purpose = None
) -> HouseholdRecord:
    """A household with its members and its address; the members see that it was read."""
    own = own_resident(call.principal)
    stated = purpose_of(purpose, "own_access" if own else "household")
    reading = Reading(actor_of(call.principal), stated, call.now)
    async with call.transaction() as session:
        row = await queries.one(session, id)
        members = await queries.members(session, id)
        if own is not None and not await _is_of(session, own, members):
            raise HouseholdNotFound
        call.etag(row.version)
        address = await actions.address_of(session, desk.keys, row)
        if address is not None:
            await record_reads(session, members, ["household.address"], reading)
    return HouseholdRecord(
        id=id,
        grid=row.grid,
        place=row.place,
        created=row.created,
        address=address,
        members=[
            Member(
                resident=resident,
                relation=relation,
                relation_name=word("household_relation", relation, call.language),
            )
            for resident, relation in members.items()
        ],
        ended=row.ended,
        version=row.version,
    )


@router.post(
    "/v1/households/{id}/members",
    responses=refuses(
        *_CHANGED, ResidentNotFound, ResidentErased, AlreadyInHousehold, HeadStays, UnknownCode
    ),
)
async def add_member(
    id: UUID, body: NewMember, call: Annotated[Call, permit("households:change")]
) -> HouseholdId:
    """A resident joins; or a member's relation to the head is put right."""
    relation = known_code("household_relation", body.relation, field="relation")

    async def join(session: AsyncSession) -> HouseholdId:
        row = await queries.lock(session, id)
        return HouseholdId(id=id, version=await actions.join(session, row, body.resident, relation, call.now))

    return await call.once(join)


@router.post("/v1/households/{id}/members/{resident}/leave", responses=refuses(*_CHANGED, NotAMember))
async def remove_member(
    id: UUID, resident: UUID, call: Annotated[Call, permit("households:change")], desk: AnyDesk
) -> HouseholdId:
    """A member leaves. If it was the head, the spouse heads the household, or whoever has been there longest."""

    async def leave(session: AsyncSession) -> HouseholdId:
        row = await queries.lock(session, id)
        return HouseholdId(id=id, version=await actions.leave(session, desk.keys, row, resident, call.now))

    return await call.once(leave)


@router.put("/v1/households/{id}/head", responses=refuses(*_CHANGED, NotAMember))
async def change_head(
    id: UUID, body: NewHead, call: Annotated[Call, permit("households:change")]
) -> HouseholdId:
    """Another member heads the household; everybody's relation is as the new head sees it."""
    async with call.transaction() as session:
        row = await queries.lock(session, id)
        call.require_match(row.version)
        version = await actions.name_head(session, row, body.resident, call.now)
    call.etag(version)
    return HouseholdId(id=id, version=version)


@router.put("/v1/households/{id}/address", responses=refuses(*_CHANGED, ResidentErased))
async def change_address(
    id: UUID, body: NewAddress, call: Annotated[Call, permit("households:change")], desk: AnyDesk
) -> HouseholdId:
    """The household has moved within the community."""
    place = await desk.grids.place(call.tenant, body.address)
    async with call.transaction() as session:
        row = await queries.lock(session, id)
        call.require_match(row.version)
        version = await actions.move_to(session, desk.keys, row, body.address, place)
    call.etag(version)
    return HouseholdId(id=id, version=version)


async def _is_of(session: AsyncSession, own: UUID, members: dict[UUID, str]) -> bool:
    for member in members:
        if await acts_for(session, own, member):
            return True
    return False
