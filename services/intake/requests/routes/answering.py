"""Answers to the extra questions of a request, after it was filed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.questions.rules import AnswerMissing, NotAsked, WrongAnswer
from services.intake.questions.schemas import Answers
from services.intake.requests import queries
from services.intake.requests.actions.answering import answer_questions
from services.intake.requests.routes.moving import AnyDesk, refuses_move
from services.intake.requests.routes.schemas import RequestMoved
from services.intake.requests.rules import allowed_moves
from services.intake.residents.rules import ResidentErased
from shared.security import permit
from shared.web import Call, Model

router = APIRouter()


class AnswersBody(Model):
    answers: Answers


@router.put(
    "/v1/requests/{id}/answers", responses=refuses_move(NotAsked, AnswerMissing, WrongAnswer, ResidentErased)
)
async def put_answers(
    id: UUID, body: AnswersBody, call: Annotated[Call, permit("requests:answer")], desk: AnyDesk
) -> RequestMoved:
    """Answer the extra questions of the request's category, all of them anew, while it is open to handle."""
    own, by = own_resident(call.principal), actor_of(call.principal)

    async def put(session: AsyncSession) -> RequestMoved:
        it = await queries.lock(session, id, resident=own)
        call.require_match(it.life.version)
        decision = await answer_questions(session, desk, it, body.answers, by=by, now=call.now)
        return RequestMoved.of(decision.after, allowed_moves(decision.life))

    moved = await call.once(put)
    call.etag(moved.version)
    return moved
