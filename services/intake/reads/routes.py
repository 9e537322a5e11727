"""HTTP paths of the record of reads: the resident's list in plain words, questions, and the head's answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.guardians.queries import acts_for
from services.intake.reads import actions, queries, rules
from services.intake.reads.rules import AlreadyAnswered, AlreadyAsked, QuestionNotFound, Read, ReadNotFound
from services.intake.reads.tables import ReadQuestion
from services.intake.residents.actions import Reading
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.residents.tables import PersonalRead
from shared.contracts.vocabulary import name
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, Text, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["reads"])
AnyDesk = Annotated[Desk, provided(Desk)]
_MOST = 1000
"""Characters of a question or an answer."""


class QuestionState(Model):
    id: UUID
    asked: datetime
    due: datetime
    """When the answer has to be there: 3 working days."""
    due_provisional: bool
    answered: datetime | None


class ReadLine(Model):
    """One read of the resident's data."""

    id: int
    at: datetime
    reader_role: str
    reader: str
    purpose: str
    purpose_name: str
    """The purpose in words."""
    fields: list[str]
    """`name`, `phone` …; `request.body` and the like for a request's text."""
    request: UUID | None
    words: str
    """All of it as a sentence, in the language of the call."""
    question: QuestionState | None


class Question(Model):
    text: Annotated[str, Text(_MOST, lines=True)]
    """What the resident wants to know about this read."""


class Answer(Model):
    text: Annotated[str, Text(_MOST, lines=True)]


class QuestionId(Model):
    id: UUID
    due: datetime
    due_provisional: bool


class OpenQuestion(Model):
    id: UUID
    resident: UUID
    read: int
    asked: datetime
    due: datetime
    due_provisional: bool
    overdue: bool


class WholeQuestion(Model):
    """A question with its words."""

    id: UUID
    resident: UUID
    about: str
    """The read, as a sentence."""
    question: str | None
    answer: str | None
    asked: datetime
    due: datetime
    due_provisional: bool
    answered: datetime | None


@router.get("/v1/residents/{id}/reads", tags=["residents"], responses=refuses(ResidentNotFound))
async def list_reads(
    id: UUID,
    call: Annotated[Call, permit("residents:reads")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[ReadLine]:
    """Who read the resident's data, what of it, for what purpose and when; the latest first."""
    before = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await _require_reach(call, session, id)
        rows = await queries.listing(session, id, before=before, limit=limit + 1)
        references = await queries.references(session, rows)
        questions = await queries.questions_about(session, rows) if rows else {}

    def line(row: PersonalRead) -> ReadLine:
        reference = None if row.request is None else references.get(row.request)
        asked = questions.get(row.id)
        return ReadLine(
            id=row.id,
            at=row.at,
            reader_role=row.reader_role,
            reader=row.reader,
            purpose=row.purpose,
            purpose_name=name("read_purpose", row.purpose, call.language),
            fields=row.fields,
            request=row.request,
            words=rules.sentence(_said(row, reference), call.language),
            question=None if asked is None else _state(asked),
        )

    return page(rows, limit, item=line, position=lambda row: (row.id,))


@router.post(
    "/v1/residents/{id}/reads/{read}/questions",
    status_code=201,
    responses=refuses(ResidentNotFound, ReadNotFound, AlreadyAsked, ResidentErased),
)
async def ask_about_read(
    id: UUID,
    read: Annotated[int, Path(ge=1)],
    body: Question,
    call: Annotated[Call, permit("reads:ask")],
    desk: AnyDesk,
) -> QuestionId:
    """Ask why the data was read (问询). The head answers within 3 working days, and the resident is told."""
    calendar = await desk.calendars.of(call.tenant)

    async def ask(session: AsyncSession) -> QuestionId:
        await _require_reach(call, session, id)
        row = await actions.ask(session, desk.keys, id, read, body.text, calendar=calendar, now=call.now)
        return QuestionId(id=row.id, due=row.due, due_provisional=row.due_provisional)

    return await call.once(ask)


@router.get("/v1/read-questions")
async def list_open_questions(
    call: Annotated[Call, permit("reads:answer")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[OpenQuestion]:
    """Questions that wait for an answer, the most urgent first. No words: they are read one by one."""
    after = None if cursor is None else cursor.take(datetime, UUID)
    async with call.transaction() as session:
        rows = await queries.open_questions(session, after=after, limit=limit + 1)

    def line(row: ReadQuestion) -> OpenQuestion:
        return OpenQuestion(
            id=row.id,
            resident=row.resident,
            read=row.read,
            asked=row.asked,
            due=row.due,
            due_provisional=row.due_provisional,
            overdue=rules.overdue(row.due, row.answered, call.now),
        )

    return page(rows, limit, item=line, position=lambda row: (row.due, row.id))


@router.get("/v1/read-questions/{id}", responses=refuses(QuestionNotFound))
async def read_question(
    id: UUID, call: Annotated[Call, permit("reads:ask", "reads:answer")], desk: AnyDesk
) -> WholeQuestion:
    """A question with its answer. That the head reads it is recorded as a read, too."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        row = await queries.question(session, id)
        if own is not None and not await acts_for(session, own, row.resident):
            raise QuestionNotFound
        reading = Reading(actor_of(call.principal), "own_access" if own else "explain", call.now)
        ((_, question, answer),) = await actions.opened(session, desk.keys, [row], reading)
        about = await queries.one(session, row.resident, row.read)
        references = await queries.references(session, [about])
    reference = None if about.request is None else references.get(about.request)
    return WholeQuestion(
        id=id,
        resident=row.resident,
        about=rules.sentence(_said(about, reference), call.language),
        question=question,
        answer=answer,
        asked=row.asked,
        due=row.due,
        due_provisional=row.due_provisional,
        answered=row.answered,
    )


@router.post(
    "/v1/read-questions/{id}/answer",
    responses=refuses(QuestionNotFound, AlreadyAnswered, ResidentErased),
)
async def answer_question(
    id: UUID, body: Answer, call: Annotated[Call, permit("reads:answer")], desk: AnyDesk
) -> QuestionId:
    """Answer a resident's question. The words are kept encrypted with the resident's key."""

    async def answer(session: AsyncSession) -> QuestionId:
        row = await actions.answer(
            session, desk.keys, id, body.text, now=call.now, by=actor_of(call.principal)
        )
        return QuestionId(id=id, due=row.due, due_provisional=row.due_provisional)

    return await call.once(answer)


def _said(row: PersonalRead, reference: str | None) -> Read:
    return Read(row.at, row.reader_role, row.reader, row.purpose, row.fields, reference)


def _state(row: ReadQuestion) -> QuestionState:
    return QuestionState(
        id=row.id,
        asked=row.asked,
        due=row.due,
        due_provisional=row.due_provisional,
        answered=row.answered,
    )


async def _require_reach(call: Call, session: AsyncSession, resident: UUID) -> None:
    own = own_resident(call.principal)
    if own is not None and not await acts_for(session, own, resident):
        raise ResidentNotFound
