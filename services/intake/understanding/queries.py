"""Every read of readings and models."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.requests.tables import Request, RequestText
from services.intake.residents.keys import Keys
from services.intake.residents.queries import holders
from services.intake.understanding.evidence import Evidence
from services.intake.understanding.rules import Decided, Quality, quality
from services.intake.understanding.tables import ClassifierModel, RequestReading
from shared.refusals import NotFound

_BY_PEOPLE = (Decided.CONFIRMED.value, Decided.CORRECTED.value)


class NotRead(NotFound):
    type = "request-not-read"
    zh = "该诉求没有自动分类记录：提交时已指明分类，或早于此功能。"
    en = "No machine has read this request: its category was given when it was filed, or it is older than that."


class ModelNotFound(NotFound):
    type = "classifier-model-not-found"
    zh = "没有这个版本的分类模型。"
    en = "There is no model of this version."


async def one(session: AsyncSession, request: UUID, *, for_update: bool = False) -> RequestReading:
    """Raises NotRead."""
    statement = select(RequestReading).where(RequestReading.request == request)
    found = await session.scalar(statement.with_for_update() if for_update else statement)
    if found is None:
        raise NotRead
    return found


async def waiting(
    session: AsyncSession, *, after: UUID | None, limit: int
) -> Sequence[tuple[RequestReading, Request]]:
    """Proposals that wait for a person, the oldest first."""
    statement = (
        select(RequestReading, Request)
        .join(Request, Request.id == RequestReading.request)
        .where(RequestReading.decided.is_(None))
        .order_by(RequestReading.request)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(RequestReading.request > after)
    return [(reading, request) for reading, request in await session.execute(statement)]


async def evidence(session: AsyncSession, keys: Keys, requests: Collection[UUID]) -> Mapping[UUID, Evidence]:
    """Of those whose words are kept and whose residents are not erased. Like a category it says what a request is about,
    so that it is no read of what the resident wrote."""
    statement = select(RequestText.request, RequestText.evidence, Request.resident).join(
        Request, Request.id == RequestText.request
    )
    rows = (
        await session.execute(
            statement.where(RequestText.request.in_(requests), RequestText.evidence.is_not(None))
        )
    ).all()
    open_keys = await holders(session, keys, [row.resident for row in rows])
    return {
        row.request: Evidence.unpacked(
            open_keys[row.resident].open("request", row.request, "evidence", row.evidence)
        )
        for row in rows
        if row.resident in open_keys
    }


async def by_people(
    session: AsyncSession, *, limit: int
) -> Sequence[tuple[RequestReading, UUID, RequestText]]:
    """The latest decisions of people, with whose request it is and its words, to learn from."""
    statement = (
        select(RequestReading, Request.resident, RequestText)
        .join(Request, Request.id == RequestReading.request)
        .join(RequestText, RequestText.request == RequestReading.request)
        .where(RequestReading.decided.in_(_BY_PEOPLE))
        .order_by(RequestReading.decided_at.desc())
        .limit(limit)
    )
    return [(reading, resident, words) for reading, resident, words in await session.execute(statement)]


async def quality_of(session: AsyncSession, model: str | None) -> Quality:
    """How people decided on the proposals of a model; of all models without one."""
    # The number of digits as a literal: a parameter would be another expression in GROUP BY.
    proposed = func.left(RequestReading.category, literal_column("2"))
    category = func.left(RequestReading.decided_category, literal_column("2"))
    statement = select(RequestReading.decided, proposed, category, func.count()).group_by(
        RequestReading.decided, proposed, category
    )
    if model is not None:
        statement = statement.where(RequestReading.model == model)
    rows: Any = await session.execute(statement)
    return quality((how, is_, becomes, count) for how, is_, becomes, count in rows)


async def models(session: AsyncSession) -> Sequence[ClassifierModel]:
    """The latest first."""
    return (await session.scalars(select(ClassifierModel).order_by(ClassifierModel.created.desc()))).all()


async def model(session: AsyncSession, version: str) -> ClassifierModel:
    """Raises ModelNotFound."""
    found = await session.scalar(select(ClassifierModel).where(ClassifierModel.version == version))
    if found is None:
        raise ModelNotFound
    return found
