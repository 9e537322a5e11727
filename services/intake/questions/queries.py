"""Every read of questions; those in use are kept in each process for half a minute, since every filing asks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.questions.rules import Answered, Question, Value, asked, checked, path_of, question_of
from services.intake.questions.tables import QuestionSet
from shared.clock import Clock
from shared.database import Database
from shared.refusals import NotFound

KEPT = timedelta(seconds=30)
"""For so long a process may still ask what was asked before a change."""

_IN_USE = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
SELECT DISTINCT ON (given.category) given.category, given.version, given.questions
FROM scope CROSS JOIN LATERAL (SELECT * FROM question_set WHERE tenant = scope.tenant OFFSET 0) given
ORDER BY given.category, given.version DESC
"""


class QuestionsNotFound(NotFound):
    type = "questions-not-found"
    zh = "该类别没有设置附加问题。"
    en = "No questions are defined for this category."


class Asked(NamedTuple):
    """What is asked of a category. `version` grows with every change on its path."""

    questions: Sequence[Question]
    version: int


class Questions:
    """The questions of each tenant, ready to be asked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[str, tuple[Mapping[str, Asked], datetime]] = {}

    async def of(self, tenant: str, category: str) -> Asked:
        """Those of the category and of all above it, the broadest first."""
        sets = await self._sets(tenant)
        path = [sets[each] for each in path_of(category) if each in sets]
        return Asked(asked(each.questions for each in path), sum(each.version for each in path))

    async def checked(
        self, tenant: str, category: str | None, answers: Mapping[str, Value]
    ) -> Sequence[Answered]:
        """Answers to what is asked of the category; without one nothing is asked.

        Raises NotAsked, AnswerMissing, WrongAnswer.
        """
        questions = [] if category is None else (await self.of(tenant, category)).questions
        return checked(questions, answers)

    def drop(self, tenant: str) -> None:
        self._held.pop(tenant, None)

    async def _sets(self, tenant: str) -> Mapping[str, Asked]:
        held, now = self._held.get(tenant), self._clock()
        if held is not None and held[1] > now:
            return held[0]
        rows = await self._database.statement(_IN_USE, tenant)
        sets = {row["category"]: Asked(_questions(row["questions"]), row["version"]) for row in rows}
        self._held[tenant] = (sets, now + KEPT)
        return sets


async def newest(session: AsyncSession, category: str) -> QuestionSet | None:
    statement = select(QuestionSet).where(QuestionSet.category == category)
    return await session.scalar(statement.order_by(QuestionSet.version.desc()).limit(1))


async def version_of(session: AsyncSession, category: str, version: int) -> QuestionSet:
    """Raises QuestionsNotFound."""
    statement = select(QuestionSet).where(QuestionSet.category == category, QuestionSet.version == version)
    found = await session.scalar(statement)
    if found is None:
        raise QuestionsNotFound
    return found


async def in_use(session: AsyncSession, *, after: str | None, limit: int) -> Sequence[QuestionSet]:
    """The newest set of each category, by category, from above `after` on."""
    statement = select(QuestionSet).ext(distinct_on(QuestionSet.category))
    if after is not None:
        statement = statement.where(QuestionSet.category > after)
    statement = statement.order_by(QuestionSet.category, QuestionSet.version.desc()).limit(limit)
    return (await session.scalars(statement)).all()


def _questions(stored: str | list[Mapping[str, object]]) -> Sequence[Question]:
    # A bare asyncpg connection gives jsonb as text.
    items = orjson.loads(stored) if isinstance(stored, str) else stored
    return [question_of(item) for item in items]
