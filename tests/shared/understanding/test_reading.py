"""Urgency, place, whose business it is, and what makes a message hard to judge."""

import pytest

from shared.contracts.intake import Urgency
from shared.contracts.vocabulary import codes
from shared.understanding import Understanding, shipped
from shared.understanding.belonging import Belongs, belonging_of
from shared.understanding.conditions import Condition, conditions_of
from shared.understanding.places import place_in
from shared.understanding.terms import Said
from shared.understanding.urgency import urgency_of

READER = Understanding(shipped())


@pytest.mark.parametrize(
    ("subject", "body", "urgency"),
    [
        ("小区燃气泄漏", "楼道里全是煤气味", Urgency.EMERGENCY),
        ("电梯困人", "有老人被困电梯半小时", Urgency.EMERGENCY),
        ("建议组织消防演练", "担心着火，希望预防火灾", Urgency.NORMAL),
        ("小区停水", "已经停水两天，老人孩子用水困难", Urgency.URGENT),
        ("拖欠工资", "马上过年，拿不到血汗钱", Urgency.URGENT),
        ("关于规划的建议", "建议在政策上考虑历史遗留问题", Urgency.LONG),
        ("路灯不亮", "请尽早修好", Urgency.NORMAL),
        ("", "", Urgency.NORMAL),
    ],
)
def test_urgency_follows_from_words_that_are_named(subject: str, body: str, urgency: Urgency) -> None:
    found = urgency_of(Said.of(subject, body))
    assert found.urgency is urgency
    assert bool(found.words) is (urgency is not Urgency.NORMAL)


@pytest.mark.parametrize(
    ("subject", "body", "expected"),
    [
        ("路灯", "坏了", {Condition.TOO_SHORT}),
        (
            "Street light",
            "The street light at our gate has been broken for three days.",
            {Condition.OTHER_LANGUAGE},
        ),
        ("几个问题", "1、路灯不亮。2、垃圾没有人收。3、停车位不够。", {Condition.SEVERAL_CONCERNS}),
        ("投诉", "你们这些王八蛋为什么不修路灯，三个月了", {Condition.ABUSE}),
        ("感谢", "感谢社区工作人员的热心帮助，祝新年快乐", {Condition.NO_CONCERN}),
        ("感谢并请求", "感谢上次的帮助，请问路灯什么时候能修好？", set()),
        ("低息贷款", "贷款秒批，加微信了解，无抵押当天放款", {Condition.NO_CONCERN}),
        ("……", "！！！", {Condition.TOO_SHORT, Condition.NO_CONCERN}),
        ("路灯问题", "龙溪花园门口的路灯坏了，" * 300, {Condition.TOO_LONG}),
        ("路灯不亮", "龙溪花园3栋门口的路灯坏了三天，晚上走路看不清。", set()),
    ],
)
def test_bad_weather_is_named(subject: str, body: str, expected: set[Condition]) -> None:
    assert conditions_of(Said.of(subject, body)) == expected


@pytest.mark.parametrize("condition", list(Condition))
def test_every_condition_has_its_words(condition: Condition) -> None:
    assert condition.value in codes("reading_condition")


@pytest.mark.parametrize("to", list(Belongs))
def test_every_belonging_has_its_words(to: Belongs) -> None:
    assert to.value in codes("belongs")


@pytest.mark.parametrize(
    ("subject", "body"),
    [("路灯", "坏了"), ("Hello", "the light is broken, please repair it"), ("感谢", "感谢大家的帮助和关心")],
)
def test_what_a_machine_cannot_judge_has_no_confidence(subject: str, body: str) -> None:
    assert READER.read(subject, body).confidence == 0


def test_every_category_belongs_to_somebody() -> None:
    for category in codes("category"):
        found = belonging_of(category)
        assert found.to is not Belongs.NOBODY
        assert found.zh
        assert found.en
        assert found.department in codes("department")
        assert (found.department == "community") == (found.to is Belongs.COMMUNITY)


def test_thanks_belong_to_nobody() -> None:
    assert READER.read("感谢", "感谢社区工作人员的热心帮助").belonging.to is Belongs.NOBODY


@pytest.mark.parametrize(
    ("subject", "body", "name", "codes_found"),
    [
        ("A3区龙溪花园3栋路灯不亮", "三天了", "龙溪花园", ("A3区",)),
        ("路灯不亮", "我家住在龙溪花园，门口的路灯坏了", "龙溪花园", ()),
        ("反映龙溪路路面坑洼", "A市A7县", "龙溪路", ("A市", "A7县")),
        ("路灯不亮", "请修一下", None, ()),
        ("我们小区停水", "小区已经停水两天", None, ()),
    ],
)
def test_the_place_that_words_name(
    subject: str, body: str, name: str | None, codes_found: tuple[str, ...]
) -> None:
    place = place_in(subject, body)
    assert (place.name, place.codes) == (name, codes_found)


def test_an_address_goes_before_words() -> None:
    place = place_in("龙溪花园路灯不亮", "", "望江小区5栋")
    assert (place.name, place.building) == ("望江小区", "5")


@pytest.mark.parametrize("text", ["", "\x00", "\ud83d", "路" * 10_000, "1、" * 3_000, "，" * 10_000])
def test_no_text_makes_a_reading_fail(text: str) -> None:
    READER.read(text[:200], text, text[:200] or None)
