"""What travels about questions."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.intake.questions.rules import (
    MOST_CHOICES,
    MOST_QUESTIONS,
    Answered,
    Choice,
    Kind,
    Question,
    question_of,
    shown,
)
from services.intake.questions.tables import QuestionSet
from services.intake.wire import Code
from shared.refusals import Language
from shared.web import Model, Text

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$", max_length=32)]
Words = Annotated[str, Text(200)]
Answers = Annotated[
    dict[Key, Annotated[str, StringConstraints(max_length=1000)] | bool | int | float],
    Field(max_length=3 * MOST_QUESTIONS),
]
"""By the question's key: text, a choice's code, a number, a day such as 2026-11-28, true or false."""


class ChoiceBody(Model):
    code: Code
    zh: Words
    en: Words


class QuestionBody(Model):
    key: Key
    """What the answer stands under; a narrower category's question takes the place of a broader one's."""
    kind: Kind
    zh: Words
    en: Words
    required: bool = False
    choices: Annotated[list[ChoiceBody], Field(max_length=MOST_CHOICES)] = Field(default_factory=list)

    def question(self) -> Question:
        choices = tuple(Choice(each.code, each.zh, each.en) for each in self.choices)
        return Question(self.key, self.kind, self.zh, self.en, self.required, choices)

    @classmethod
    def of(cls, question: Question) -> "QuestionBody":
        return cls(
            key=question.key,
            kind=question.kind,
            zh=question.zh,
            en=question.en,
            required=question.required,
            choices=[ChoiceBody(code=each.code, zh=each.zh, en=each.en) for each in question.choices],
        )


class QuestionsBody(Model):
    questions: Annotated[list[QuestionBody], Field(max_length=MOST_QUESTIONS)]
    """In the order in which they are asked; none to ask nothing any more."""


class QuestionsDefined(Model):
    """A category's own questions; those of the categories above it are asked before them."""

    category: str
    version: int
    questions: list[QuestionBody]
    defined: datetime

    @classmethod
    def of(cls, row: QuestionSet) -> "QuestionsDefined":
        questions = [QuestionBody.of(question_of(item)) for item in row.questions]
        return cls(category=row.category, version=row.version, questions=questions, defined=row.defined)


class QuestionsDefinedAs(Model):
    category: str
    version: int


class QuestionsAsked(Model):
    """All that is asked of requests of a category."""

    category: str
    questions: list[QuestionBody]


class AnswerLine(Model):
    """An answer with its question as it was asked."""

    key: str
    question: str
    kind: Kind
    value: str | bool | int | float
    text: str
    """The answer in words."""

    @classmethod
    def of(cls, answer: Answered, language: Language) -> "AnswerLine":
        question = answer.question
        return cls(
            key=question.key,
            question=question.zh if language == "zh" else question.en,
            kind=question.kind,
            value=answer.value,
            text=shown(answer, language),
        )
