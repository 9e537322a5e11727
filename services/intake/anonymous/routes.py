"""Filing without a complainant, and following what was filed anonymously."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.anonymous.actions import file_for_nobody, follow_code
from services.intake.anonymous.queries import complainant_of
from services.intake.anonymous.rules import (
    AnonymousNotTaken,
    Complainant,
    FollowRefused,
    PatrolOnly,
    same_code,
)
from services.intake.desk import Desk
from services.intake.open_data.crowds import Crowd
from services.intake.questions.rules import AnswerMissing, NotAsked, WrongAnswer, packed
from services.intake.questions.schemas import Answers
from services.intake.requests import queries
from services.intake.requests.actions.writing import NumbersExhausted
from services.intake.requests.filing import Particulars, Words
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.reference import WrongReference, parse
from services.intake.requests.routes.schemas import AddressText, Body, Category, Subject
from services.intake.requests.routes.showing import entry_line
from services.intake.requests.rules import State
from services.intake.wire import UnknownCode, known_code
from shared.contracts.intake import Channel, Urgency
from shared.contracts.vocabulary import name
from shared.security import Role, permit, public_route
from shared.web import Call, Model, Text, Visitor, provided, refuses
from shared.web.idempotency import AnswerReplayed

router = APIRouter(tags=["requests"])
AnyDesk = Annotated[Desk, provided(Desk)]
_OWN_PEOPLE = {Role.WORKER.value, Role.HEAD.value}
_UNTOLD = frozenset({"told", "not_told", "late"})


class FileWithoutResident(Model):
    """A matter without a complainant."""

    complainant: Literal[Complainant.ANONYMOUS, Complainant.NOBODY]
    """`anonymous`: somebody who does not say who they are, where the community takes that. `nobody`: found on patrol by
    the community's own workers."""
    subject: Subject
    body: Body
    address: AddressText | None = None
    """Where it is; the grid is found by it."""
    category: Category | None = None
    urgency: Urgency = Urgency.NORMAL
    channel: Literal[
        Channel.WEB, Channel.HOTLINE, Channel.WECHAT, Channel.WALK_IN, Channel.PATROL, Channel.PORTAL
    ] = Channel.WEB
    answers: Answers = Field(default_factory=dict)
    """To the extra questions of the category."""


class FiledWithoutResident(Model):
    """The receipt."""

    id: UUID
    reference: str
    """The number that people read out."""
    state: State
    complainant: Complainant
    grid: UUID | None
    filed: datetime
    due: datetime
    due_provisional: bool
    follow_code: str | None = None
    """Of an anonymous request: with the number, it shows how far it is. Give it to whoever files; it is kept nowhere."""


class Follow(Model):
    """A POST, since the code may not stand in an address."""

    tenant: Annotated[str, Text(31)]
    """The community's id."""
    reference: Annotated[str, Text(40)]
    code: Annotated[str, Text(40)]


class FollowedEntry(Model):
    at: datetime
    entry: str
    name: str
    """The entry in words."""
    reason_name: str | None


class Followed(Model):
    """How far a request is: codes and times, no words and nobody's name."""

    reference: str
    state: State
    state_name: str
    filed: datetime
    due: datetime
    due_provisional: bool
    entries: list[FollowedEntry]


@router.post(
    "/v1/requests/without-resident",
    status_code=201,
    responses=refuses(
        AnonymousNotTaken, PatrolOnly, UnknownCode, NotAsked, AnswerMissing, WrongAnswer, NumbersExhausted
    ),
)
async def file_without_resident(
    body: FileWithoutResident, call: Annotated[Call, permit("requests:file_unnamed")], desk: AnyDesk
) -> FiledWithoutResident:
    """File what nobody complains of by name. Nobody is told anything of it."""
    by = actor_of(call.principal)
    if body.complainant is Complainant.ANONYMOUS:
        if not desk.policies.of(call.tenant).anonymous:
            raise AnonymousNotTaken
    elif body.channel is not Channel.PATROL or by.role not in _OWN_PEOPLE:
        raise PatrolOnly(field="channel")
    category = None if body.category is None else known_code("category", body.category, field="category")
    answers = packed(await desk.questions.checked(call.tenant, body.category, body.answers))
    said = Particulars(
        channel=body.channel, urgency=body.urgency, category=category, complainant=body.complainant
    )

    async def file(session: AsyncSession) -> FiledWithoutResident:
        words = Words(body.subject, body.body, body.address, answers)
        filing = await file_for_nobody(session, desk, words, said, now=call.now, by=by)
        return FiledWithoutResident(
            id=filing.id,
            reference=filing.reference,
            state=filing.life.state,
            complainant=body.complainant,
            grid=filing.particulars.grid,
            filed=filing.filed,
            due=filing.life.handle.due,
            due_provisional=filing.life.handle.provisional,
        )

    # What is kept under the Idempotency-Key has no code in it; it is computed again for whoever repeats the call.
    try:
        receipt = await call.once(file)
    except AnswerReplayed as again:
        call.answer_with("Idempotency-Replayed", "true")
        receipt = FiledWithoutResident.model_validate_json(again.body)
    if receipt.complainant is not Complainant.ANONYMOUS:
        return receipt
    return receipt.model_copy(update={"follow_code": follow_code(desk.keys, receipt.id)})


@router.post("/v1/requests/follow", responses=refuses(FollowRefused))
async def follow_request(
    body: Follow,
    visitor: Annotated[Visitor, public_route()],
    desk: AnyDesk,
    crowd: Annotated[Crowd, provided(Crowd)],
) -> Followed:
    """How far an anonymous request is, for whoever has its number and its code. No token is needed."""
    if not desk.policies.knows(body.tenant):
        raise FollowRefused
    try:
        reference = parse(body.reference)
    except WrongReference:
        raise FollowRefused from None
    async with crowd.turn(), desk.database.transaction(body.tenant) as session:
        try:
            row = await queries.one(session, reference)
        except RequestNotFound:
            raise FollowRefused from None
        complainant = await complainant_of(session, row.resident)
        right = follow_code(desk.keys, row.id)
        if not same_code(body.code, right) or complainant is not Complainant.ANONYMOUS:
            raise FollowRefused
        entries = await queries.story(session, row.id)
    lines = [entry_line(entry, visitor.language) for entry in entries if entry.entry not in _UNTOLD]
    return Followed(
        reference=row.reference,
        state=State(row.state),
        state_name=name("request_state", row.state, visitor.language),
        filed=row.filed,
        due=row.handle_due,
        due_provisional=row.handle_provisional,
        entries=[
            FollowedEntry(at=line.at, entry=line.entry, name=line.name, reason_name=line.reason_name)
            for line in lines
        ],
    )
