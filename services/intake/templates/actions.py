"""Writing, changing and retiring answer templates. Each version is kept."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.templates.rules import Template, check
from services.intake.templates.tables import AnswerTemplate, AnswerTemplateVersion
from shared.database import new_id
from shared.refusals import Conflict


class TemplateRetired(Conflict):
    type = "template-retired"
    zh = "该模板已停用，请新建模板。"
    en = "The template is retired; write a new one."


async def write(session: AsyncSession, template: Template, *, by: Actor, now: datetime) -> UUID:
    """A new template, version 1. Raises UnknownPlaceholder."""
    check(template)
    id = new_id()
    await session.execute(
        insert(AnswerTemplate).values(id=id, version=1, changed=now, retired=None, **_columns(template))
    )
    await _keep(session, id, 1, template, by=by, now=now)
    return id


async def change(
    session: AsyncSession, row: AnswerTemplate, template: Template, *, by: Actor, now: datetime
) -> int:
    """Another version of a template that this transaction has locked; its number.

    Raises UnknownPlaceholder, TemplateRetired.
    """
    if row.retired is not None:
        raise TemplateRetired
    check(template)
    version = row.version + 1
    await session.execute(
        update(AnswerTemplate)
        .where(AnswerTemplate.id == row.id)
        .values(version=version, changed=now, **_columns(template))
        .execution_options(synchronize_session=False)
    )
    await _keep(session, row.id, version, template, by=by, now=now)
    return version


async def retire(session: AsyncSession, row: AnswerTemplate, *, now: datetime) -> None:
    """Nobody chooses it any more. Done twice, it changes nothing."""
    if row.retired is None:
        await session.execute(
            update(AnswerTemplate)
            .where(AnswerTemplate.id == row.id)
            .values(retired=now, version=row.version + 1, changed=now)
            .execution_options(synchronize_session=False)
        )


async def _keep(
    session: AsyncSession, id: UUID, version: int, template: Template, *, by: Actor, now: datetime
) -> None:
    await session.execute(
        insert(AnswerTemplateVersion).values(
            template=id, version=version, at=now, role=by.role, actor=by.subject, **_columns(template)
        )
    )


def _columns(template: Template) -> dict[str, Any]:
    return {
        "category": template.category,
        "outcome": None if template.outcome is None else template.outcome.value,
        "title": template.title,
        "zh": template.zh,
        "en": template.en,
    }
