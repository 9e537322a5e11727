"""The extra questions of a category, as attributes of the standard, and the standard's answers as ours."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from services.intake.desk import Desk
from services.intake.open311.attributes import Answers, Attribute, Datatype
from services.intake.questions.rules import Kind, Question, Value
from shared.refusals import Language

_DATATYPES = {
    Kind.TEXT: Datatype.TEXT,
    Kind.CHOICE: Datatype.ONE,
    Kind.NUMBER: Datatype.NUMBER,
    Kind.DATE: Datatype.DATETIME,
    Kind.YES_NO: Datatype.ONE,
}
_YES, _NO = "yes", "no"
_HINTS: Mapping[Kind, tuple[str, str]] = {
    Kind.DATE: ("日期，格式如 2026-11-28", "A day such as 2026-11-28"),
    Kind.NUMBER: ("数字", "A number"),
}


async def attributes_of(desk: Desk, tenant: str, code: str, language: Language) -> Sequence[Attribute]:
    """What is asked beside the description where this category is chosen, in the order in which it is asked."""
    return [_attribute(question, language) for question in (await desk.questions.of(tenant, code)).questions]


async def services_that_ask(desk: Desk, tenant: str, codes: Sequence[str]) -> AbstractSet[str]:
    """Those of these services that ask anything."""
    return {code for code in codes if (await desk.questions.of(tenant, code)).questions}


async def values_of(desk: Desk, tenant: str, code: str, answers: Answers) -> Mapping[str, Value]:
    """Answers that fit their attributes (`attributes.wrong`), as our own API takes them."""
    questions = (await desk.questions.of(tenant, code)).questions
    return {
        question.key: _value(question.kind, answers[question.key][0])
        for question in questions
        if question.key in answers
    }


def _attribute(question: Question, language: Language) -> Attribute:
    chinese = language == "zh"
    values: Mapping[str, str] | None = None
    if question.kind is Kind.CHOICE:
        values = {choice.code: choice.zh if chinese else choice.en for choice in question.choices}
    elif question.kind is Kind.YES_NO:
        values = {_YES: "是", _NO: "否"} if chinese else {_YES: "yes", _NO: "no"}
    hint = _HINTS.get(question.kind, ("", ""))
    return Attribute(
        code=question.key,
        datatype=_DATATYPES[question.kind],
        description=question.zh if chinese else question.en,
        required=question.required,
        datatype_description=hint[0] if chinese else hint[1],
        values=values,
    )


def _value(kind: Kind, answer: str) -> Value:
    match kind:
        case Kind.NUMBER:
            number = float(answer)
            return int(number) if number.is_integer() else number
        case Kind.DATE:
            return datetime.fromisoformat(answer).date().isoformat()
        case Kind.YES_NO:
            return answer == _YES
        case _:
            return answer
