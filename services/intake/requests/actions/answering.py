"""Answers: the resident's to extra questions, and the community's when it closes. Both under the resident's key."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.questions.rules import Value, packed
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.rules import Move, moved
from services.intake.requests.tables import RequestText
from services.intake.residents.keys import Holder
from services.intake.residents.queries import holders
from services.intake.residents.rules import ResidentErased
from shared.database import scope_of


async def answer_questions(
    session: AsyncSession, desk: Desk, it: Situation, given: Mapping[str, Value], *, by: Actor, now: datetime
) -> Decision:
    """Put these answers in the place of those before. The story says how many, and not what.

    Raises IllegalRequestMove, NotAsked, AnswerMissing, WrongAnswer, ResidentErased.
    """
    life = moved(it.life, Move.ANSWER)
    answers = await desk.questions.checked(scope_of(session), it.category, given)
    holder = await _holder(session, desk, it.resident)
    sealed = holder.seal_any("request", it.request, "answers", packed(answers))
    await session.execute(update(RequestText).where(RequestText.request == it.request).values(answers=sealed))
    state = it.life.state
    entry = Entry(Move.ANSWER.value, now, by, state, state, details={"answers": len(answers)})
    decision = Decision(it, life, (entry,))
    await apply(session, [decision])
    return decision


async def say(session: AsyncSession, desk: Desk, it: Situation, answer: str | None) -> None:
    """Keep what the community says to the resident as it closes; of an earlier closing nothing stays. Raises
    ResidentErased.
    """
    if answer is None and not it.life.reopenings:
        return
    sealed = None
    if answer is not None:
        sealed = (await _holder(session, desk, it.resident)).seal("request", it.request, "answer", answer)
    await session.execute(update(RequestText).where(RequestText.request == it.request).values(answer=sealed))


async def _holder(session: AsyncSession, desk: Desk, resident: UUID) -> Holder:
    found = (await holders(session, desk.keys, [resident])).get(resident)
    if found is None:
        raise ResidentErased
    return found
