"""Every read of the record of reads, and of questions about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.reads.rules import QuestionNotFound, ReadNotFound
from services.intake.reads.tables import ReadQuestion
from services.intake.requests.tables import Request
from services.intake.residents.queries import of_same_person
from services.intake.residents.tables import PersonalRead
from shared.database import among


async def one(session: AsyncSession, resident: UUID, read: int) -> PersonalRead:
    """A read of any record of the person. Raises ReadNotFound."""
    row: PersonalRead | None = await session.scalar(
        select(PersonalRead).where(of_same_person(PersonalRead.resident, resident), PersonalRead.id == read)
    )
    if row is None:
        raise ReadNotFound
    return row


async def listing(
    session: AsyncSession, resident: UUID, *, before: int | None, limit: int
) -> Sequence[PersonalRead]:
    """Who read the person's data, the latest first, from below entry `before` on."""
    statement = select(PersonalRead).where(of_same_person(PersonalRead.resident, resident))
    if before is not None:
        statement = statement.where(PersonalRead.id < before)
    return (await session.scalars(statement.order_by(PersonalRead.id.desc()).limit(limit))).all()


async def references(session: AsyncSession, rows: Sequence[PersonalRead]) -> Mapping[UUID, str]:
    """The numbers of the requests that were read."""
    requests = {row.request for row in rows if row.request is not None}
    if not requests:
        return {}
    found = await session.execute(select(Request.id, Request.reference).where(among(Request.id, requests)))
    return {row.id: row.reference for row in found}


async def questions_about(session: AsyncSession, rows: Sequence[PersonalRead]) -> Mapping[int, ReadQuestion]:
    """By the number of the read."""
    reads = [row.id for row in rows]
    found = await session.scalars(
        select(ReadQuestion).where(
            ReadQuestion.resident.in_({row.resident for row in rows}), ReadQuestion.read.in_(reads)
        )
    )
    return {row.read: row for row in found}


async def question(session: AsyncSession, id: UUID, *, for_update: bool = False) -> ReadQuestion:
    """Raises QuestionNotFound."""
    statement = select(ReadQuestion).where(ReadQuestion.id == id)
    row: ReadQuestion | None = await session.scalar(statement.with_for_update() if for_update else statement)
    if row is None:
        raise QuestionNotFound
    return row


async def open_questions(
    session: AsyncSession, *, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[ReadQuestion]:
    """Those without an answer, the most urgent first."""
    statement = select(ReadQuestion).where(ReadQuestion.answered.is_(None))
    if after is not None:
        at, id = after
        statement = statement.where(
            (ReadQuestion.due > at) | ((ReadQuestion.due == at) & (ReadQuestion.id > id))
        )
    return (await session.scalars(statement.order_by(ReadQuestion.due, ReadQuestion.id).limit(limit))).all()


async def all_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[PersonalRead]:
    statement = select(PersonalRead).where(PersonalRead.resident.in_(residents))
    return (await session.scalars(statement.order_by(PersonalRead.at, PersonalRead.id))).all()


async def questions_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[ReadQuestion]:
    statement = select(ReadQuestion).where(ReadQuestion.resident.in_(residents))
    return (await session.scalars(statement.order_by(ReadQuestion.asked, ReadQuestion.id))).all()


async def count_before(session: AsyncSession, moment: datetime) -> int:
    """Reads from before the moment that no open question is about."""
    statement = select(func.count()).select_from(PersonalRead).where(past(moment))
    return await session.scalar(statement) or 0


async def drop_before(session: AsyncSession, moment: datetime, *, count: int) -> int:
    """Delete up to `count` of them, with the questions that were answered; how many went."""
    some = select(PersonalRead.resident, PersonalRead.id).where(past(moment)).limit(count).subquery()
    result = await session.execute(
        delete(PersonalRead)
        .where(PersonalRead.resident == some.c.resident, PersonalRead.id == some.c.id)
        .returning(PersonalRead.id)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())


def past(moment: datetime) -> ColumnElement[bool]:
    asked = select(ReadQuestion.id).where(
        ReadQuestion.resident == PersonalRead.resident,
        ReadQuestion.read == PersonalRead.id,
        ReadQuestion.answered.is_(None),
    )
    return (PersonalRead.at < moment) & ~asked.exists()
