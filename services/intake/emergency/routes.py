"""HTTP paths of emergency contacts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.emergency import actions
from services.intake.emergency.actions import Named
from services.intake.emergency.rules import MOST
from services.intake.guardians.queries import acts_for
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import Code, Purpose, UnknownCode, known_code, purpose_of, word
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Model, Text, provided, refuses

router = APIRouter(tags=["emergency contacts"])
AnyDesk = Annotated[Desk, provided(Desk)]


class EmergencyContactBody(Model):
    name: Annotated[str, Text(64)]
    phone: Annotated[str, Text(32)]
    relation: Code
    """What they are to the resident, of the vocabulary `household_relation`."""


class EmergencyContactsBody(Model):
    contacts: list[EmergencyContactBody] = Field(max_length=MOST)
    """In the order in which they are to be called; none takes all away."""


class EmergencyContactsChanged(Model):
    id: UUID
    version: int


class EmergencyContactLine(EmergencyContactBody):
    resident: UUID
    relation_name: str | None


class EmergencyContacts(Model):
    contacts: list[EmergencyContactLine]


class EmergencyContactsWanted(Model):
    residents: list[UUID] = Field(min_length=1, max_length=200)


@router.put(
    "/v1/residents/{id}/emergency-contacts",
    responses=refuses(ResidentNotFound, ResidentErased, InvalidValue, UnknownCode),
)
async def change_emergency_contacts(
    id: UUID,
    body: EmergencyContactsBody,
    call: Annotated[Call, permit("emergency:change")],
    desk: AnyDesk,
) -> EmergencyContactsChanged:
    """Who is to be told when the resident does not answer. With the ETag of the resident's record."""
    named = [
        Named(one.name, one.phone, known_code("household_relation", one.relation, field="relation"))
        for one in body.contacts
    ]
    async with call.transaction() as session:
        own = own_resident(call.principal)
        if own is not None and not await acts_for(session, own, id):
            raise ResidentNotFound
        row = await residents.one(session, id, for_update=True)
        call.require_match(row.version)
        version = await actions.replace(session, desk.keys, row, named, now=call.now)
    call.etag(version)
    return EmergencyContactsChanged(id=id, version=version)


@router.get(
    "/v1/residents/{id}/emergency-contacts",
    responses=refuses(ResidentNotFound, ResidentErased, UnknownCode),
)
async def read_emergency_contacts(
    id: UUID, call: Annotated[Call, permit("emergency:read")], desk: AnyDesk, purpose: Purpose = None
) -> EmergencyContacts:
    """Those of one resident. The read is recorded."""
    own = own_resident(call.principal)
    stated = purpose_of(purpose, "own_access" if own else "emergency")
    reading = Reading(actor_of(call.principal), stated, call.now)
    async with call.transaction() as session:
        if own is not None and not await acts_for(session, own, id):
            raise ResidentNotFound
        await residents.one(session, id)
        found = await actions.read(session, desk.keys, [id], reading)
    return EmergencyContacts(contacts=[_line(call, resident, one) for resident, one in found])


@router.post("/v1/emergency-contacts")
async def give_emergency_contacts(
    body: EmergencyContactsWanted, call: Annotated[Call, permit("contacts:read")], desk: AnyDesk
) -> EmergencyContacts:
    """For the service that tells them, at the moment of use. Each read is recorded."""
    reading = Reading(actor_of(call.principal), "emergency", call.now)
    async with call.transaction() as session:
        found = await actions.read(session, desk.keys, body.residents, reading)
    return EmergencyContacts(contacts=[_line(call, resident, one) for resident, one in found])


def _line(call: Call, resident: UUID, one: Named) -> EmergencyContactLine:
    return EmergencyContactLine(
        resident=resident,
        name=one.name,
        phone=one.phone,
        relation=one.relation,
        relation_name=word("household_relation", one.relation, call.language),
    )
