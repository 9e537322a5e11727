"""Defining questions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.questions.rules import Question, as_json, check_questions
from services.intake.questions.tables import QuestionSet
from shared.database import scope_of


async def define(
    session: AsyncSession,
    category: str,
    questions: Sequence[Question],
    *,
    version: int,
    by: Actor,
    now: datetime,
) -> bool:
    """The questions of a category from now on, as this version. False where someone else made it a moment ago.

    Raises BadQuestion.
    """
    check_questions(questions)
    made = await session.scalar(
        insert(QuestionSet)
        .values(
            tenant=scope_of(session),
            category=category,
            version=version,
            questions=[as_json(question) for question in questions],
            defined=now,
            role=by.role,
            actor=by.subject,
        )
        .on_conflict_do_nothing()
        .returning(QuestionSet.version)
    )
    return made is not None
