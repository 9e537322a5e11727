"""A person's requests, as they are handed out and as they go."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.exports import queries
from services.intake.questions.rules import shown, unpacked
from services.intake.requests.actions.reading import opened
from services.intake.requests.tables import Request, StoryEntry
from services.intake.residents.belongings import Belonging, Item, Person
from shared.contracts.vocabulary import name


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    rows = await queries.all_of(session, person.residents)
    texts = await queries.texts_of(session, [row.id for row in rows])
    stories: dict[UUID, list[StoryEntry]] = {}
    for entry in await queries.stories(session, [row.id for row in rows]):
        stories.setdefault(entry.request, []).append(entry)
    items = []
    for row in rows:
        text = texts.get(row.id)
        words = None if text is None else opened(person.holder(row.resident), text)
        items.append(
            {
                **_facts(row),
                "subject": None if words is None else words.subject,
                "body": None if words is None else words.body,
                "address": None if words is None else words.address,
                "answers": [
                    {"question": each.question.zh, "answer": shown(each, "zh")}
                    for each in unpacked(None if words is None else words.answers)
                ],
                "answer": None if words is None else words.answer,
                "story": [_line(entry) for entry in stories.get(row.id, [])],
            }
        )
    return items


async def _erase(session: AsyncSession, person: Person, now: datetime) -> int:
    """The keys' destruction makes their words unreadable; what happened stays to be counted."""
    return await queries.count_of(session, person.residents)


async def _used_since(session: AsyncSession, residents: Sequence[UUID], moment: datetime) -> frozenset[UUID]:
    return await queries.filed_or_open_since(session, residents, moment)


def _facts(row: Request) -> Mapping[str, object]:
    return {
        "id": row.id,
        "reference": row.reference,
        "state": name("request_state", row.state),
        "category": None if row.category is None else name("category", row.category),
        "urgency": name("urgency", row.urgency),
        "channel": name("channel", row.channel),
        "filed": row.filed,
        "due": row.handle_due,
        "closed": row.closed,
        "outcome": None if row.outcome is None else name("outcome", row.outcome),
    }


def _line(entry: StoryEntry) -> Mapping[str, object]:
    return {
        "at": entry.at,
        "entry": name("request_entry", entry.entry),
        "by": name("actor", entry.role),
        "state": name("request_state", entry.to_state),
    }


BELONGING = Belonging("requests", "诉求", "Requests", export=_export, erase=_erase, used_since=_used_since)
