"""HTTP paths of consents: texts, and what residents say to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.actor import Actor
from services.intake.consents import actions, queries
from services.intake.consents.rules import (
    AlreadyGiven,
    ForThemselves,
    NothingToWithdraw,
    TextNotFound,
    TextNotInForce,
)
from services.intake.consents.tables import Consent, ConsentText
from services.intake.desk import Desk
from services.intake.guardians.actions import births
from services.intake.guardians.queries import acts_for
from services.intake.guardians.rules import needs_guardian_consent
from services.intake.residents import queries as residents
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import Code, UnknownCode, known_code
from shared.calendar import SHANGHAI
from shared.contracts.intake import Channel
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Model, Moment, Text, provided, refuses

router = APIRouter(tags=["consents"])


class NewText(Model):
    """A text that residents are asked to agree to."""

    purpose: Code
    """Of the vocabulary `consent_purpose`."""
    zh: Annotated[str, Text(5000, lines=True)]
    en: Annotated[str, Text(10000, lines=True)]
    in_force: Moment | None = None
    """From when on it is asked; at once without it."""


class TextLine(Model):
    id: UUID
    purpose: str
    purpose_name: str
    version: int
    zh: str
    en: str
    in_force: datetime


class Texts(Model):
    items: list[TextLine]


class Declaration(Model):
    purpose: Code
    """Of the vocabulary `consent_purpose`."""
    given: bool
    """False takes it back, which is always possible (PIPL article 15)."""
    text: UUID | None = None
    """To give: the text that was shown, which has to be the one in force."""
    channel: Channel = Channel.WEB


class Declared(Model):
    resident: UUID
    purpose: str
    given: bool


class ConsentLine(Model):
    purpose: str
    purpose_name: str
    given: bool
    at: datetime
    channel: str
    by_role: str
    """`resident`, `guardian`, or the role of whoever took it down."""
    text: UUID
    version: int


class ConsentState(Model):
    purpose: str
    purpose_name: str
    stands: bool
    text: UUID | None
    """What would be agreed to now; none where the community asks nothing for this purpose."""
    outdated: bool
    """It stands, and was given to an earlier version."""


class Consents(Model):
    states: list[ConsentState]
    history: list[ConsentLine]
    """All that was declared, the latest first."""


@router.post("/v1/consent-texts", status_code=201, responses=refuses(UnknownCode))
async def publish_text(body: NewText, call: Annotated[Call, permit("consents:publish")]) -> TextLine:
    """A new version of the text for a purpose. Consents to earlier versions stand until they are withdrawn."""
    purpose = known_code("consent_purpose", body.purpose, field="purpose")

    async def publish(session: AsyncSession) -> TextLine:
        row = await actions.publish(
            session,
            purpose,
            zh=body.zh,
            en=body.en,
            in_force=body.in_force or call.now,
            now=call.now,
            by=actor_of(call.principal),
        )
        return _text_line(row, call.language)

    return await call.once(publish)


@router.get("/v1/consent-texts")
async def list_texts(call: Annotated[Call, permit("consents:read")], *, all: bool = False) -> Texts:
    """The texts in force; with `all`, every version there is."""
    async with call.transaction() as session:
        rows = await queries.texts(session) if all else await queries.in_force(session, call.now)
    return Texts(items=[_text_line(row, call.language) for row in rows])


@router.post(
    "/v1/residents/{id}/consents",
    status_code=201,
    responses=refuses(
        ResidentNotFound,
        ResidentErased,
        TextNotFound,
        TextNotInForce,
        AlreadyGiven,
        NothingToWithdraw,
        ForThemselves,
        UnknownCode,
    ),
)
async def declare_consent(
    id: UUID,
    body: Declaration,
    call: Annotated[Call, permit("consents:change")],
    desk: Annotated[Desk, provided(Desk)],
) -> Declared:
    """Give or withdraw consent. Both are kept: when, through which channel, by whom, to which words."""
    purpose = known_code("consent_purpose", body.purpose, field="purpose")
    own = own_resident(call.principal)

    async def declare(session: AsyncSession) -> Declared:
        await residents.one(session, id, for_update=True)
        by = actor_of(call.principal)
        if own is not None:
            if not await acts_for(session, own, id):
                raise ResidentNotFound
            mine = id in await residents.person(session, own)
            by = Actor("resident" if mine else "guardian", by.subject)
            born = (await births(session, desk.keys, [id])).get(id)
            if mine and needs_guardian_consent(born, call.now.astimezone(SHANGHAI).date()):
                raise ForThemselves
        await actions.declare(
            session,
            id,
            purpose,
            given=body.given,
            text=body.text,
            channel=body.channel.value,
            by=by,
            now=call.now,
        )
        return Declared(resident=id, purpose=purpose, given=body.given)

    return await call.once(declare)


@router.get("/v1/residents/{id}/consents", responses=refuses(ResidentNotFound))
async def list_consents(id: UUID, call: Annotated[Call, permit("consents:read")]) -> Consents:
    """What the resident has agreed to, and all that they ever said about it."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        if own is not None and not await acts_for(session, own, id):
            raise ResidentNotFound
        history = await queries.history(session, await residents.person(session, id))
        current = await queries.in_force(session, call.now)
    return Consents(
        states=_states(history, current, call.language),
        history=[_line(said, text, call.language) for said, text in history],
    )


def _states(
    history: Sequence[tuple[Consent, ConsentText]], current: Sequence[ConsentText], language: Language
) -> list[ConsentState]:
    latest: dict[str, tuple[Consent, ConsentText]] = {}
    for said, text in history:
        latest.setdefault(said.purpose, (said, text))
    asked = {text.purpose: text for text in current}
    states = []
    for purpose in sorted(latest.keys() | asked.keys()):
        found, now = latest.get(purpose), asked.get(purpose)
        stands = found is not None and found[0].given
        states.append(
            ConsentState(
                purpose=purpose,
                purpose_name=name("consent_purpose", purpose, language),
                stands=stands,
                text=None if now is None else now.id,
                outdated=stands and found is not None and now is not None and found[1].version < now.version,
            )
        )
    return states


def _line(said: Consent, text: ConsentText, language: Language) -> ConsentLine:
    return ConsentLine(
        purpose=said.purpose,
        purpose_name=name("consent_purpose", said.purpose, language),
        given=said.given,
        at=said.at,
        channel=said.channel,
        by_role=said.by_role,
        text=text.id,
        version=text.version,
    )


def _text_line(row: ConsentText, language: Language) -> TextLine:
    return TextLine(
        id=row.id,
        purpose=row.purpose,
        purpose_name=name("consent_purpose", row.purpose, language),
        version=row.version,
        zh=row.zh,
        en=row.en,
        in_force=row.in_force,
    )
