"""What a message is about, in words of the taxonomy, with a confidence and the terms that decided."""

import json
from typing import Any

import pytest

from shared.contracts.vocabulary import codes
from shared.understanding.classifier import MODEL, Classifier, shipped
from shared.understanding.terms import Finder, normal, speaking

CASES = [
    ("路灯不亮", "龙溪花园3栋门口的路灯坏了三天，晚上走路看不清。", "0102"),
    ("小区停水两天了", "自来水公司说是水管爆了，一直没有修好。", "010216"),
    ("出租车拒载", "的士司机不打表，还拒载，请运管处管一管。", "06"),
    ("快递丢件", "快递公司把包裹弄丢了，不肯赔。", "0606"),
    ("学校违规补课", "中学周末组织学生补课并收补课费。", "14"),
    ("医院乱收费", "住院治疗时医生开了很多没有必要的检查。", "12"),
    ("工厂排放废气", "化工厂晚上偷偷排放，气味刺鼻，污染严重。", "04"),
    ("拖欠农民工工资", "工地老板拖欠工资半年，劳动监察大队也没有办法。", "15"),
    ("健身房跑路不退款", "办了会员卡，商家关门，消费者要求退款。", "11"),
]


@pytest.mark.parametrize(("subject", "body", "category"), CASES)
def test_a_plain_concern_finds_its_category(subject: str, body: str, category: str) -> None:
    found = shipped().classify(subject, body)
    assert found.best.category.startswith(category)
    assert found.words
    assert all(word in normal(subject + body) for word in found.words)


def test_guesses_are_of_different_first_levels_and_of_the_taxonomy() -> None:
    found = shipped().classify("小区垃圾无人清运", "垃圾桶满了没有人收，臭味很大。")
    assert len({guess.category[:2] for guess in found.guesses}) == len(found.guesses) == 3
    assert all(guess.category in codes("category") for guess in found.guesses)
    shares = [guess.confidence for guess in found.guesses]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("", ""),
        ("?", "!!!"),
        ("a" * 200, "lorem ipsum " * 500),
        ("\u0000\ud800", "\udfff𠀀🙂"),
        ("路灯", "路灯" * 3_500),
        ("１２３", "①②③　　"),
    ],
)
def test_no_text_makes_it_fail(subject: str, body: str) -> None:
    found = shipped().classify(subject, body)
    assert 0 < found.best.confidence < 1
    assert found.best.category in codes("category")


def test_without_a_term_the_confidence_is_low_and_there_are_no_words() -> None:
    found = shipped().classify("zzz", "qqq")
    assert found.words == ()
    assert found.best.confidence < 0.6


def test_the_subject_says_more_than_the_body() -> None:
    classifier = shipped()
    about_taxis = classifier.classify("出租车", "学校")
    about_schools = classifier.classify("学校老师", "出租车")
    assert about_taxis.best.category[:2] == "06"
    assert about_schools.best.category[:2] == "14"


def test_the_shipped_model_holds_terms_of_the_glossary_and_numbers_alone() -> None:
    model = json.loads(MODEL.read_text(encoding="utf-8"))
    assert set(model["terms"]) == set(speaking())
    assert not model.get("learned")


def test_every_code_of_the_glossary_is_of_the_taxonomy() -> None:
    assert {code for found in speaking().values() for code in found} <= set(codes("category"))


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("matrix", [[1.0]]),
        ("bias", []),
        ("temperature", 0),
        ("terms", ["路灯"]),
        ("levels", None),
        ("matrix", "x"),
    ],
)
def test_what_is_no_model_is_refused(part: str, value: Any) -> None:
    model = json.loads(MODEL.read_text(encoding="utf-8"))
    model[part] = value
    with pytest.raises(ValueError, match="not a model"):
        Classifier(model)


def test_terms_within_terms_are_found() -> None:
    finder = Finder(["出租车", "出租", "租车"])
    assert finder.count("出租车出租") == {"出租车": 1, "出租": 2, "租车": 1}
