"""Contacts for other services, and finding a resident without having the id."""

from typing import Annotated

from fastapi import APIRouter

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.residents import actions, queries
from services.intake.residents.routes.schemas import (
    ContactLine,
    Contacts,
    ContactsWanted,
    FindResident,
    Found,
)
from services.intake.residents.rules import normal_phone
from services.intake.wire import UnknownCode, known_code
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyDesk = Annotated[Desk, provided(Desk)]


class OnePlease(InvalidValue):
    type = "one-of-two"


@router.post("/v1/contacts", responses=refuses(UnknownCode))
async def give_contacts(
    body: ContactsWanted, call: Annotated[Call, permit("contacts:read")], desk: AnyDesk
) -> Contacts:
    """How residents are reached, for a stated purpose. Each read is recorded, and the resident sees it.

    Not kept under an Idempotency-Key: a repeated call is another read.
    """
    purpose = known_code("read_purpose", body.purpose, field="purpose")
    reading = actions.Reading(actor_of(call.principal), purpose, call.now)
    async with call.transaction() as session:
        found = await actions.contacts(session, desk.keys, body.residents, reading)
    return Contacts(
        contacts=[
            ContactLine(
                resident=resident,
                name=contact.name,
                phone=contact.phone,
                email=contact.email,
                language=contact.language,
            )
            for resident, contact in found
        ]
    )


@router.post("/v1/residents/find", responses=refuses(OnePlease, InvalidValue))
async def find_residents(
    body: FindResident, call: Annotated[Call, permit("residents:find")], desk: AnyDesk
) -> Found:
    """The residents with a telephone number, or the one whom another system's number stands for. Ids only."""
    if (body.phone is None) == (body.external is None):
        raise OnePlease(
            field="phone",
            reason_zh="请提供 phone 或 external 中的一项。",
            reason_en="Give either phone or external.",
        )
    async with call.transaction() as session:
        if body.phone is not None:
            return Found(residents=list(await queries.by_phone(session, desk.keys, normal_phone(body.phone))))
        if body.external is not None:
            found = await queries.by_references(session, desk.keys, body.external.source, [body.external.ref])
            return Found(residents=list(found.values()))
    return Found(residents=[])
