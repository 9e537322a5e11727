"""Every read of answer templates."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.questions.rules import path_of
from services.intake.templates.rules import Template
from services.intake.templates.tables import AnswerTemplate, AnswerTemplateVersion
from shared.contracts.intake import Outcome
from shared.refusals import NotFound


class TemplateNotFound(NotFound):
    type = "template-not-found"
    zh = "没有这个答复模板。"
    en = "There is no such answer template."


async def one(session: AsyncSession, id: UUID, *, for_update: bool = False) -> AnswerTemplate:
    """In use or retired. Raises TemplateNotFound."""
    statement = select(AnswerTemplate).where(AnswerTemplate.id == id)
    found = await session.scalar(statement.with_for_update() if for_update else statement)
    if found is None:
        raise TemplateNotFound
    return found


async def listing(
    session: AsyncSession,
    *,
    category: str | None,
    outcome: Outcome | None,
    retired: bool,
    after: UUID | None,
    limit: int,
) -> Sequence[AnswerTemplate]:
    """In the order of their ids, from above `after` on: those that fit this category and outcome, where given."""
    statement = select(AnswerTemplate)
    if not retired:
        statement = statement.where(AnswerTemplate.retired.is_(None))
    if category is not None:
        fitting = AnswerTemplate.category.in_(path_of(category))
        statement = statement.where(or_(AnswerTemplate.category.is_(None), fitting))
    if outcome is not None:
        statement = statement.where(
            or_(AnswerTemplate.outcome.is_(None), AnswerTemplate.outcome == outcome.value)
        )
    if after is not None:
        statement = statement.where(AnswerTemplate.id > after)
    return (await session.scalars(statement.order_by(AnswerTemplate.id).limit(limit))).all()


async def versions(
    session: AsyncSession, template: UUID, *, before: int | None, limit: int
) -> Sequence[AnswerTemplateVersion]:
    """The latest first, from below version `before` on."""
    statement = select(AnswerTemplateVersion).where(AnswerTemplateVersion.template == template)
    if before is not None:
        statement = statement.where(AnswerTemplateVersion.version < before)
    statement = statement.order_by(AnswerTemplateVersion.version.desc()).limit(limit)
    return (await session.scalars(statement)).all()


def template_of(row: AnswerTemplate) -> Template:
    outcome = None if row.outcome is None else Outcome(row.outcome)
    return Template(row.title, row.zh, row.en, row.category, outcome)
