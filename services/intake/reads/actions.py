"""Use cases of questions about reads."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.reads import queries, rules
from services.intake.reads.rules import AlreadyAnswered, AlreadyAsked
from services.intake.reads.tables import ReadQuestion
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.belongings import Belonging, Item, Person
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.rules import ResidentErased
from shared.calendar import WorkCalendar
from shared.contracts.intake import ReadQuestionAnswered
from shared.database import new_id
from shared.messaging.outbox import record

_NOUN = "read_question"


async def ask(
    session: AsyncSession,
    keys: Keys,
    resident: UUID,
    read: int,
    words: str,
    *,
    calendar: WorkCalendar,
    now: datetime,
) -> ReadQuestion:
    """Raises ReadNotFound, AlreadyAsked, ResidentErased."""
    about = await queries.one(session, resident, read)
    # Whoever asks twice at once waits here for the other.
    await residents.one(session, about.resident, for_update=True)
    if await queries.questions_about(session, [about]):
        raise AlreadyAsked
    holder = await _holder(session, keys, about.resident)
    id, due = new_id(), rules.due(now, calendar)
    row = ReadQuestion(
        id=id,
        resident=about.resident,
        read=read,
        question=holder.seal(_NOUN, id, "question", words),
        asked=now,
        due=due.at,
        due_provisional=due.provisional,
    )
    session.add(row)
    await session.flush()
    return row


async def answer(
    session: AsyncSession, keys: Keys, id: UUID, words: str, *, now: datetime, by: Actor
) -> ReadQuestion:
    """Raises QuestionNotFound, AlreadyAnswered, ResidentErased. The resident is told that there is an answer."""
    row = await queries.question(session, id, for_update=True)
    if row.answered is not None:
        raise AlreadyAnswered
    holder = await _holder(session, keys, row.resident)
    row.answer = holder.seal(_NOUN, id, "answer", words)
    row.answered, row.answered_by = now, by.subject
    await session.flush()
    event = ReadQuestionAnswered(
        question=id, resident=row.resident, within_limit=not rules.overdue(row.due, now, now)
    )
    await record(session, event, at=now)
    return row


async def opened(
    session: AsyncSession, keys: Keys, rows: Sequence[ReadQuestion], reading: Reading
) -> Sequence[tuple[ReadQuestion, str | None, str | None]]:
    """Each with its words; None where the resident was erased. The read is recorded."""
    holders = await residents.holders(session, keys, {row.resident for row in rows})
    await record_reads(session, sorted(holders), ["read_question"], reading)
    return [(row, *_words(row, holders.get(row.resident))) for row in rows]


def _words(row: ReadQuestion, holder: Holder | None) -> tuple[str | None, str | None]:
    if holder is None:
        return None, None
    return (
        holder.open(_NOUN, row.id, "question", row.question),
        holder.open_any(_NOUN, row.id, "answer", row.answer),
    )


async def _holder(session: AsyncSession, keys: Keys, resident: UUID) -> Holder:
    found = await residents.holders(session, keys, [resident])
    if resident not in found:
        raise ResidentErased
    return found[resident]


async def _export_reads(session: AsyncSession, person: Person) -> Sequence[Item]:
    rows = await queries.all_of(session, person.residents)
    references = await queries.references(session, rows)
    return [
        {
            "at": row.at,
            "by_role": row.reader_role,
            "by": row.reader,
            "purpose": row.purpose,
            "fields": list(row.fields),
            "request": None if row.request is None else references.get(row.request),
        }
        for row in rows
    ]


async def _erase_reads(session: AsyncSession, person: Person, _now: datetime) -> int:
    """Who read what stays, as proof of what was done: ids, codes and times. Of the person it says nothing any more."""
    return 0


async def _export_questions(session: AsyncSession, person: Person) -> Sequence[Item]:
    rows = await queries.questions_of(session, person.residents)
    return [
        {
            "read": row.read,
            "asked": row.asked,
            "question": (words := _words(row, person.holder(row.resident)))[0],
            "answered": row.answered,
            "answer": words[1],
        }
        for row in rows
    ]


async def _erase_questions(session: AsyncSession, person: Person, _now: datetime) -> int:
    result = await session.execute(
        delete(ReadQuestion).where(ReadQuestion.resident.in_(person.residents)).returning(ReadQuestion.id)
    )
    return len(result.all())


BELONGINGS = (
    Belonging("reads", "查阅记录", "Who read your data", export=_export_reads, erase=_erase_reads),
    Belonging(
        "read_questions",
        "查阅问询",
        "Questions about reads",
        export=_export_questions,
        erase=_erase_questions,
    ),
)
