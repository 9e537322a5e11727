"""HTTP paths of guardianships."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.consents.rules import TextNotInForce
from services.intake.desk import Desk
from services.intake.guardians import actions, queries
from services.intake.guardians.rules import (
    AlreadyGuardian,
    BirthDateUnknown,
    GuardianConsentNeeded,
    GuardianshipNotFound,
    GuardianTooYoung,
    NotAMinor,
)
from services.intake.guardians.tables import Guardianship
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import Code, UnknownCode, known_code, word
from shared.contracts.intake import Channel
from shared.refusals import InvalidValue
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter(tags=["guardians"])


class Appointment(Model):
    guardian: UUID
    relation: Code
    """What the guardian is to the minor, of the vocabulary `guardian_relation`."""
    consent_text: UUID | None = None
    """The text of purpose `minor_data` that the guardian agreed to; needed for a minor under 14 (PIPL article 31)."""
    channel: Channel = Channel.WALK_IN


class Ending(Model):
    reason: Code
    """Of the vocabulary `guardianship_end`."""


class GuardianshipId(Model):
    id: UUID


class GuardianshipLine(Model):
    id: UUID
    guardian: UUID
    minor: UUID
    relation: str
    relation_name: str | None
    since: datetime
    ended: datetime | None
    end_reason: str | None
    end_reason_name: str | None


class Guardianships(Model):
    items: list[GuardianshipLine]


@router.post(
    "/v1/residents/{id}/guardians",
    status_code=201,
    responses=refuses(
        ResidentNotFound,
        ResidentErased,
        BirthDateUnknown,
        NotAMinor,
        GuardianTooYoung,
        AlreadyGuardian,
        GuardianConsentNeeded,
        TextNotInForce,
        UnknownCode,
    ),
)
async def appoint_guardian(
    id: UUID,
    body: Appointment,
    call: Annotated[Call, permit("guardians:change")],
    desk: Annotated[Desk, provided(Desk)],
) -> GuardianshipId:
    """Write down who acts for a minor: they file, read and decide in the minor's place until the eighteenth birthday."""
    relation = known_code("guardian_relation", body.relation, field="relation")

    async def appoint(session: AsyncSession) -> GuardianshipId:
        made = await actions.appoint(
            session,
            desk.keys,
            body.guardian,
            id,
            relation=relation,
            consent_text=body.consent_text,
            channel=body.channel.value,
            now=call.now,
            by=actor_of(call.principal),
        )
        return GuardianshipId(id=made)

    return await call.once(appoint)


@router.post("/v1/guardianships/{id}/end", responses=refuses(GuardianshipNotFound, UnknownCode, InvalidValue))
async def end_guardianship(
    id: UUID, body: Ending, call: Annotated[Call, permit("guardians:change")]
) -> GuardianshipId:
    """End it before the minor comes of age."""
    reason = known_code("guardianship_end", body.reason, field="reason")

    async def end(session: AsyncSession) -> GuardianshipId:
        await actions.end(session, id, reason=reason, now=call.now)
        return GuardianshipId(id=id)

    return await call.once(end)


@router.get("/v1/residents/{id}/guardianships", responses=refuses(ResidentNotFound))
async def list_guardianships(id: UUID, call: Annotated[Call, permit("guardians:read")]) -> Guardianships:
    """Those in which the resident is guardian or minor, ended ones too. Ids and codes; no name."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        if own is not None and not await queries.acts_for(session, own, id):
            raise ResidentNotFound
        rows = await queries.of(session, id)

    def line(row: Guardianship) -> GuardianshipLine:
        return GuardianshipLine(
            id=row.id,
            guardian=row.guardian,
            minor=row.ward,
            relation=row.relation,
            relation_name=word("guardian_relation", row.relation, call.language),
            since=row.since,
            ended=row.ended,
            end_reason=row.end_reason,
            end_reason_name=word("guardianship_end", row.end_reason, call.language),
        )

    return Guardianships(items=[line(row) for row in rows])
