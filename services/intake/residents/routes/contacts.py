"""Contacts for other services, and finding a resident without having the id."""

from typing import Annotated

from fastapi import APIRouter

from services.intake.access import actor_of
from services.intake.anonymous import queries as anonymous
from services.intake.desk import Desk
from services.intake.residents import actions, queries
from services.intake.residents.identity import id_number
from services.intake.residents.routes.schemas import (
    ContactLine,
    Contacts,
    ContactsWanted,
    FindResident,
    Found,
)
from services.intake.residents.rules import normal_phone
from services.intake.wire import Purpose, UnknownCode, known_code, purpose_of
from shared.calendar import SHANGHAI
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
        # Whoever stands for nobody has no contact, and is told nothing.
        nobody = await anonymous.nameless(session, body.residents)
        people = [resident for resident in body.residents if resident not in nobody]
        found = await actions.contacts(session, desk.keys, people, reading)
    return Contacts(
        contacts=[
            ContactLine(
                resident=resident,
                name=contact.name,
                phone=contact.phone,
                email=contact.email,
                language=contact.language,
            )
            for resident, contact in found.found
        ],
        without_consent=list(found.without_consent),
    )


@router.post("/v1/residents/find", responses=refuses(OnePlease, InvalidValue, UnknownCode))
async def find_residents(
    body: FindResident,
    call: Annotated[Call, permit("residents:find")],
    desk: AnyDesk,
    purpose: Purpose = None,
) -> Found:
    """The residents with a telephone number, an identity number, or another system's number. Ids only.

    Who is found by telephone or identity number sees that somebody looked.
    """
    given = [kind for kind in ("phone", "id_number", "external") if getattr(body, kind) is not None]
    if len(given) != 1:
        raise OnePlease(
            field="phone",
            reason_zh="请提供 phone、id_number 或 external 中的一项。",
            reason_en="Give one of phone, id_number and external.",
        )
    reading = actions.Reading(actor_of(call.principal), purpose_of(purpose, "find"), call.now)
    async with call.transaction() as session:
        if body.external is not None:
            found = await queries.by_references(session, desk.keys, body.external.source, [body.external.ref])
            return Found(residents=list(found.values()))
        if body.phone is not None:
            residents = list(await queries.by_phone(session, desk.keys, normal_phone(body.phone)))
        else:
            number = id_number(body.id_number or "", call.now.astimezone(SHANGHAI).date())
            one = await queries.by_id_number(session, desk.keys, number.text)
            residents = [] if one is None else [one]
        await actions.record_reads(session, residents, [f"found_by.{given[0]}"], reading)
    return Found(residents=residents)
