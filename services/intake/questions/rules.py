"""What a question is, which are asked of a category, and when an answer is one. Plain Python."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from shared.refusals import InvalidValue, Language

MOST_QUESTIONS = 20
"""Of one category: our own estimate; people give up filling in long forms."""
MOST_CHOICES = 50
LONGEST_ANSWER = 1000
"""Characters. What needs more belongs into the request's own words."""
_GREATEST = 10**12
_YEARS = range(1900, 2200)
_CODE_LENGTHS = (2, 4, 6)

Value = str | bool | int | float
"""As JSON has it: text, a choice's code and a day (ISO 8601) are strings."""


class Kind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Choice:
    code: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    kind: Kind
    zh: str
    en: str
    required: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its question as it was asked, since questions change."""

    question: Question
    value: Value


class BadQuestion(InvalidValue):
    type = "bad-question"


class NotAsked(InvalidValue):
    type = "not-asked"


class AnswerMissing(InvalidValue):
    type = "answer-missing"


class WrongAnswer(InvalidValue):
    type = "wrong-answer"


def check_questions(questions: Sequence[Question]) -> None:
    """Raises BadQuestion that names the question by its place."""
    seen: set[str] = set()
    for number, question in enumerate(questions):
        field = f"/questions/{number}"
        if question.key in seen:
            raise BadQuestion(
                field=f"{field}/key",
                reason_zh="同一类别下问题的 key 不能重复。",
                reason_en="Two questions of a category cannot have the same key.",
            )
        seen.add(question.key)
        codes = [choice.code for choice in question.choices]
        if question.kind is Kind.CHOICE and (len(codes) < 2 or len(set(codes)) < len(codes)):
            raise BadQuestion(
                field=f"{field}/choices",
                reason_zh="选择题至少要有两个选项，选项代码不能重复。",
                reason_en="A choice needs at least two options, each with a code of its own.",
            )
        if question.kind is not Kind.CHOICE and codes:
            raise BadQuestion(
                field=f"{field}/choices",
                reason_zh="只有选择题可以有选项。",
                reason_en="Only a choice has options.",
            )


def path_of(category: str) -> Sequence[str]:
    """The category and those above it, the broadest first: `01`, `0105`, `010503`."""
    return [category[:length] for length in _CODE_LENGTHS if length <= len(category)]


def asked(sets: Iterable[Sequence[Question]]) -> Sequence[Question]:
    """The questions of a path's sets, the broadest first; of the same key the narrower category's stands."""
    found: dict[str, Question] = {}
    for questions in sets:
        found.update({question.key: question for question in questions})
    return list(found.values())


def checked(
    questions: Sequence[Question], answers: Mapping[str, Value], *, field: str = "/answers"
) -> Sequence[Answered]:
    """The answers, each with its question, in the order of the questions. `field`: where the answers stand.

    Raises NotAsked, AnswerMissing, WrongAnswer, each naming the answer.
    """
    known = {question.key for question in questions}
    for key in answers:
        if key not in known:
            raise NotAsked(
                field=f"{field}/{key}",
                reason_zh="该类别没有这个问题。",
                reason_en="There is no such question for this category.",
            )
    found = []
    for question in questions:
        where = f"{field}/{question.key}"
        if question.key in answers:
            found.append(Answered(question, _checked(question, answers[question.key], where)))
        elif question.required:
            raise AnswerMissing(
                field=where,
                reason_zh="这个问题必须回答。",
                reason_en="This question has to be answered.",
            )
    return found


def packed(answers: Sequence[Answered]) -> str | None:
    """As it is encrypted; None where nothing was answered."""
    if not answers:
        return None
    return json.dumps([asdict(answer) for answer in answers], ensure_ascii=False, separators=(",", ":"))


def unpacked(text: str | None) -> Sequence[Answered]:
    return [] if text is None else [_answered(item) for item in json.loads(text)]


def shown(answer: Answered, language: Language) -> str:
    """The answer in words."""
    value, question = answer.value, answer.question
    if isinstance(value, bool):
        words = ("是", "否") if language == "zh" else ("yes", "no")
        return words[0] if value else words[1]
    if question.kind is Kind.CHOICE:
        choice = next(choice for choice in question.choices if choice.code == value)
        return choice.zh if language == "zh" else choice.en
    return str(value)


def question_of(item: Mapping[str, Any]) -> Question:
    """From JSON, as `as_json` made it."""
    choices = tuple(Choice(**choice) for choice in item["choices"])
    return Question(item["key"], Kind(item["kind"]), item["zh"], item["en"], item["required"], choices)


def as_json(question: Question) -> dict[str, Any]:
    return asdict(question)


def _answered(item: Mapping[str, Any]) -> Answered:
    return Answered(question_of(item["question"]), item["value"])


def _checked(question: Question, value: Value, field: str) -> Value:
    wrong = _WRONG[question.kind](question, value)
    if wrong is not None:
        raise WrongAnswer(field=field, reason_zh=wrong[0], reason_en=wrong[1])
    return value


_Wrong = tuple[str, str] | None


def _text(_: Question, value: Value) -> _Wrong:
    if isinstance(value, str) and value.strip() and len(value) <= LONGEST_ANSWER and not _controls(value):
        return None
    return (
        f"请用文字回答，最多 {LONGEST_ANSWER} 字。",
        f"Answer in words, at most {LONGEST_ANSWER} characters.",
    )


def _choice(question: Question, value: Value) -> _Wrong:
    if isinstance(value, str) and any(choice.code == value for choice in question.choices):
        return None
    codes = ", ".join(choice.code for choice in question.choices)
    return f"请从选项中选择：{codes}。", f"Choose one of: {codes}."


def _number(_: Question, value: Value) -> _Wrong:
    # `true` is an int to Python, and no number to anybody else.
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and math.isfinite(value) and abs(value) <= _GREATEST:  # type: ignore[arg-type]  # it is a number
        return None
    return "请填写数字。", "Answer with a number."


def _date(_: Question, value: Value) -> _Wrong:
    try:
        # `20261128` and `2026-W48-6` are ISO 8601 too; one spelling is enough.
        if isinstance(value, str) and len(value) == 10 and date.fromisoformat(value).year in _YEARS:
            return None
    except ValueError:
        pass
    return "请填写日期，格式如 2026-11-28。", "Answer with a day such as 2026-11-28."


def _yes_no(_: Question, value: Value) -> _Wrong:
    return None if isinstance(value, bool) else ("请回答是或否。", "Answer yes or no: true or false.")


_WRONG = {
    Kind.TEXT: _text,
    Kind.CHOICE: _choice,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.YES_NO: _yes_no,
}


def _controls(text: str) -> bool:
    """Characters that cannot be stored or seen. Line breaks and tabs are both."""
    return any(
        (ord(each) < 0x20 and each not in "\n\t")
        or 0x7F <= ord(each) <= 0x9F
        or 0xD800 <= ord(each) <= 0xDFFF
        for each in text
    )
