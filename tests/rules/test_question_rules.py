"""Extra questions: what may be asked, what is asked of a category, and what is an answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.questions.rules import (
    AnswerMissing,
    BadQuestion,
    Choice,
    Kind,
    NotAsked,
    Question,
    Value,
    WrongAnswer,
    asked,
    check_questions,
    checked,
    packed,
    path_of,
    shown,
    unpacked,
)

CHOICES = (Choice("lift", "电梯", "Lift"), Choice("stairs", "楼梯", "Stairs"))


def question(kind: Kind, key: str = "where", **changes: Any) -> Question:
    choices = CHOICES if kind is Kind.CHOICE else ()
    return Question(key, kind, "在哪里？", "Where?", **{"choices": choices, **changes})


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        (Kind.TEXT, "三单元门口", "words"),
        (Kind.TEXT, "第一行\n第二行", "in several lines"),
        (Kind.CHOICE, "lift", "the code of a choice"),
        (Kind.NUMBER, 3, "whole"),
        (Kind.NUMBER, -2.5, "or not"),
        (Kind.NUMBER, 0, "nothing is a number too"),
        (Kind.DATE, "2026-11-28", "a day"),
        (Kind.YES_NO, False, "no is an answer"),
    ],
)
def test_an_answer_of_each_kind(kind: Kind, answer: Value, reason: str) -> None:
    (found,) = checked([question(kind)], {"where": answer})
    assert found.value == answer, reason
    assert unpacked(packed([found])) == [found]


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        (Kind.TEXT, " ", "blank"),
        (Kind.TEXT, "字" * 1001, "too long"),
        (Kind.TEXT, "a\x00b", "cannot be stored"),
        (Kind.TEXT, 3, "no words"),
        (Kind.CHOICE, "电梯", "the name instead of the code"),
        (Kind.CHOICE, "roof", "not among them"),
        (Kind.NUMBER, "3", "text"),
        (Kind.NUMBER, True, "yes is no number"),
        (Kind.NUMBER, float("nan"), "not a number"),
        (Kind.NUMBER, 10**13, "nobody means that"),
        (Kind.DATE, "2026-02-30", "no such day"),
        (Kind.DATE, "20261128", "another spelling"),
        (Kind.DATE, "1750-01-01", "before anybody's birth"),
        (Kind.YES_NO, "yes", "text"),
        (Kind.YES_NO, 1, "a number"),
    ],
)
def test_what_is_no_answer_is_named(kind: Kind, answer: Value, reason: str) -> None:
    with pytest.raises(WrongAnswer) as refused:
        checked([question(kind)], {"where": answer})
    assert refused.value.field == "/answers/where", reason


def test_what_is_required_has_to_be_answered_and_what_is_not_asked_is_not_taken() -> None:
    questions = [question(Kind.TEXT, required=True), question(Kind.NUMBER, "how_many")]
    with pytest.raises(AnswerMissing) as missing:
        checked(questions, {"how_many": 2})
    assert missing.value.field == "/answers/where"
    with pytest.raises(NotAsked) as unknown:
        checked(questions, {"where": "这里", "who": "他"})
    assert unknown.value.field == "/answers/who"
    assert [each.value for each in checked(questions, {"where": "这里"})] == ["这里"]


def test_a_narrower_category_asks_after_the_broader_and_in_its_place() -> None:
    broad = [question(Kind.TEXT), question(Kind.NUMBER, "how_many")]
    narrow = [question(Kind.CHOICE), question(Kind.DATE, "since")]
    assert [(each.key, each.kind) for each in asked([broad, narrow])] == [
        ("where", Kind.CHOICE),
        ("how_many", Kind.NUMBER),
        ("since", Kind.DATE),
    ]
    assert path_of("010503") == ["01", "0105", "010503"]
    assert path_of("01") == ["01"]


@pytest.mark.parametrize(
    ("questions", "field"),
    [
        ([question(Kind.TEXT), question(Kind.DATE)], "/questions/1/key"),
        ([question(Kind.CHOICE, choices=CHOICES[:1])], "/questions/0/choices"),
        ([question(Kind.CHOICE, choices=CHOICES[:1] * 2)], "/questions/0/choices"),
        ([question(Kind.TEXT), question(Kind.TEXT, "b", choices=CHOICES)], "/questions/1/choices"),
    ],
)
def test_questions_that_nobody_could_answer(questions: list[Question], field: str) -> None:
    with pytest.raises(BadQuestion) as refused:
        check_questions(questions)
    assert refused.value.field == field


def test_an_answer_in_words() -> None:
    (choice,) = checked([question(Kind.CHOICE)], {"where": "stairs"})
    (no,) = checked([question(Kind.YES_NO)], {"where": False})
    assert [shown(choice, "zh"), shown(choice, "en"), shown(no, "zh"), shown(no, "en")] == [
        "楼梯",
        "Stairs",
        "否",
        "no",
    ]


@given(st.sampled_from(Kind), st.one_of(st.text(), st.booleans(), st.integers(), st.floats()))
def test_whatever_is_sent_is_an_answer_or_is_refused(kind: Kind, value: Value) -> None:
    try:
        found = checked([question(kind)], {"where": value})
    except WrongAnswer:
        return
    assert unpacked(packed(found)) == found
