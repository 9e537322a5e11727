"""A read of personal data in plain words, and how long an answer to a question about it may take. Plain Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.calendar import SHANGHAI, Due, WorkCalendar
from shared.contracts.vocabulary import name
from shared.refusals import Conflict, Language, NotFound

ANSWER_DAYS = 3
"""Working days for an answer. Our own number: PIPL article 50 asks for a mechanism and names no time."""
_YOURSELF = frozenset({"own_access"})


class ReadNotFound(NotFound):
    type = "read-not-found"
    zh = "没有这条查阅记录。"
    en = "There is no such read."


class QuestionNotFound(NotFound):
    type = "question-not-found"
    zh = "没有这条问询。"
    en = "There is no such question."


class AlreadyAsked(Conflict):
    type = "already-asked"
    zh = "您已就这次查阅提出问询。"
    en = "This read has been asked about already."


class AlreadyAnswered(Conflict):
    type = "already-answered"
    zh = "这条问询已经答复。"
    en = "This question has been answered already."


@dataclass(frozen=True, slots=True)
class Read:
    """What a sentence is made of."""

    at: datetime
    role: str
    reader: str
    purpose: str
    fields: Sequence[str]
    reference: str | None
    """The request's number, where it was a request that was read."""


def sentence(read: Read, language: Language) -> str:
    """`2026年11月18日10:00，社区工作人员（worker-1）为“上门探访”查看了您的姓名、电话。`"""
    local = read.at.astimezone(SHANGHAI)
    fields = [name("personal_field", field, language) for field in read.fields]
    purpose = name("read_purpose", read.purpose, language)
    yourself = read.purpose in _YOURSELF
    if language == "zh":
        who = "您本人" if yourself else f"{name('actor', read.role, 'zh')}（{read.reader}）"
        about = "" if read.reference is None else f"（诉求 {read.reference}）"
        when = f"{local.year}年{local.month}月{local.day}日{local:%H:%M}"
        return f"{when}，{who}为“{purpose}”查看了您的{'、'.join(fields)}{about}。"
    who = "you" if yourself else f"{name('actor', read.role, 'en')} ({read.reader})"
    about = "" if read.reference is None else f" (request {read.reference})"
    return f"{local:%Y-%m-%d %H:%M}: {who} saw your {', '.join(fields)}{about}. Purpose: {purpose}."


def due(asked: datetime, calendar: WorkCalendar, days: int = ANSWER_DAYS) -> Due:
    """When work ends on the last of so many working days; the day of asking does not count (民法典 article 201)."""
    day, doubt = calendar.day_of(asked), False
    for _ in range(days):
        day, provisional = calendar.next_working_day(day)
        doubt = doubt or provisional
    return Due(calendar.closing(day), doubt)


def overdue(due: datetime, answered: datetime | None, now: datetime) -> bool:
    return (answered or now) > due


__all__ = [
    "ANSWER_DAYS",
    "AlreadyAnswered",
    "AlreadyAsked",
    "QuestionNotFound",
    "Read",
    "ReadNotFound",
    "due",
    "overdue",
    "sentence",
]
