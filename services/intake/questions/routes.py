"""HTTP paths of questions: the head defines them by category, and whoever files asks for them."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.questions import queries
from services.intake.questions.actions import define
from services.intake.questions.queries import QuestionsNotFound
from services.intake.questions.rules import BadQuestion
from services.intake.questions.schemas import (
    QuestionBody,
    QuestionsAsked,
    QuestionsBody,
    QuestionsDefined,
    QuestionsDefinedAs,
)
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses
from shared.web.refusals import PreconditionFailed

router = APIRouter(tags=["questions"])
CategoryPath = Annotated[str, Path(pattern=r"^(\d{2}){1,3}$", max_length=6)]
AnyDesk = Annotated[Desk, provided(Desk)]


@router.get("/v1/categories/{category}/questions", responses=refuses(UnknownCode))
async def ask_questions(
    category: CategoryPath, call: Annotated[Call, permit("questions:read")], desk: AnyDesk
) -> QuestionsAsked:
    """What to ask when a request of this category is filed: its own questions and those of all categories above it."""
    known_code("category", category, field="category")
    asked = await desk.questions.of(call.tenant, category)
    call.etag(asked.version)
    return QuestionsAsked(category=category, questions=[QuestionBody.of(each) for each in asked.questions])


@router.get("/v1/questions", responses=refuses())
async def list_questions(
    call: Annotated[Call, permit("questions:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[QuestionsDefined]:
    """The categories for which questions were defined, each with its own ones."""
    after = None if cursor is None else cursor.take(str)[0]
    async with call.transaction() as session:
        rows = await queries.in_use(session, after=after, limit=limit + 1)
    return page(rows, limit, item=QuestionsDefined.of, position=lambda row: (row.category,))


@router.get("/v1/questions/{category}", responses=refuses(QuestionsNotFound))
async def read_questions(
    category: CategoryPath, call: Annotated[Call, permit("questions:read")]
) -> QuestionsDefined:
    """A category's own questions, as they are now."""
    async with call.transaction() as session:
        row = await queries.newest(session, category)
        if row is None:
            raise QuestionsNotFound
    call.etag(row.version)
    return QuestionsDefined.of(row)


@router.get("/v1/questions/{category}/versions/{version}", responses=refuses(QuestionsNotFound))
async def read_questions_version(
    category: CategoryPath,
    version: Annotated[int, Path(ge=1, le=2**31 - 1)],
    call: Annotated[Call, permit("questions:read")],
) -> QuestionsDefined:
    """A category's own questions as they were in an earlier version."""
    async with call.transaction() as session:
        return QuestionsDefined.of(await queries.version_of(session, category, version))


@router.put(
    "/v1/questions/{category}",
    responses=refuses(UnknownCode, BadQuestion),
)
async def define_questions(
    category: CategoryPath,
    body: QuestionsBody,
    call: Annotated[Call, permit("questions:write")],
    desk: AnyDesk,
) -> QuestionsDefinedAs:
    """Define the questions of a category and of all below it. Requests that were filed keep the answers that they have.

    Where questions were defined before, If-Match names their version. Other processes ask the new ones within 30 s.
    """
    known_code("category", category, field="category")
    questions = [each.question() for each in body.questions]

    async def put(session: AsyncSession) -> QuestionsDefinedAs:
        before = await queries.newest(session, category)
        if before is not None:
            call.require_match(before.version)
        version = 1 if before is None else before.version + 1
        by = actor_of(call.principal)
        if not await define(session, category, questions, version=version, by=by, now=call.now):
            raise PreconditionFailed(field="If-Match")
        return QuestionsDefinedAs(category=category, version=version)

    defined = await call.once(put)
    desk.questions.drop(call.tenant)
    call.etag(defined.version)
    return defined
