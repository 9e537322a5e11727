"""What makes two requests alike, and what a fingerprint gives away."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.duplicates.fingerprints import KEPT, SOUGHT, Fingerprint, Printer
from services.intake.duplicates.rules.likeness import OFFERED, Case, Sign, compare
from services.intake.duplicates.terms import Terms
from services.intake.duplicates.wording import commonness, normalise, pairs, places

PRINTER = Printer(b"k" * 32)
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LAMP = (
    "龙溪花园3栋门口路灯不亮",
    "龙溪花园3栋门口的路灯坏了三天，晚上走路看不清，老人摔了一跤，请派人来修。",
)
LAMP_AGAIN = ("3栋门前的路灯坏了", "住在龙溪花园，3栋门前路灯坏了好几天没人修，晚上黑灯瞎火，请尽快修路灯。")
DOGS = ("龙溪花园流浪狗太多", "龙溪花园里流浪狗成群，追着小孩跑，已经咬了两个人，请找人来处理。")
LAMP_ELSEWHERE = ("滨江小学门口路灯不亮", "滨江小学门口的路灯坏了一周，孩子晚上放学看不清路，请派人维修。")


def case(words: tuple[str, str], *, days: int = 0, **known: Any) -> Case:
    return Case(PRINTER.of(*words), NOW - timedelta(days=days), **known)


HERE: dict[str, Any] = {"grid": UUID(int=1), "place": "龙溪花园3栋"}
THERE: dict[str, Any] = {"grid": UUID(int=2), "place": "滨江小学"}


@pytest.mark.parametrize(
    ("other", "known", "offered", "why"),
    [
        (LAMP, HERE, True, "word for word"),
        (LAMP_AGAIN, HERE, True, "the same lamp in other words"),
        (LAMP_AGAIN, {}, True, "and where nobody gave an address"),
        (DOGS, HERE, False, "the same place, another concern"),
        (LAMP_ELSEWHERE, THERE, False, "the same concern at another place"),
    ],
)
def test_which_are_offered(other: tuple[str, str], known: dict[str, Any], offered: bool, why: str) -> None:
    assert (compare(case(LAMP, **HERE), case(other, **known)).score >= OFFERED) is offered, why


def test_the_place_speaks_for_it_and_another_against_it() -> None:
    grid = UUID(int=1)
    here, same = (
        case(LAMP, grid=grid, place="龙溪花园3栋"),
        case(LAMP_AGAIN, grid=grid, place="龙溪花园3栋"),
    )
    there = case(LAMP_AGAIN, grid=grid, place="龙溪花园9栋")
    assert Sign.PLACE in compare(here, same).spoke_for
    assert compare(here, same).score > compare(here, there).score


def test_what_is_half_a_year_old_is_less_likely_the_same() -> None:
    recent, old = (
        compare(case(LAMP), case(LAMP_AGAIN, days=3)),
        compare(case(LAMP), case(LAMP_AGAIN, days=180)),
    )
    assert recent.score > old.score
    assert old.signs[Sign.TIME] < 0


def test_another_category_speaks_against_it() -> None:
    same = compare(case(LAMP, category="0101"), case(LAMP_AGAIN, category="010203"))
    other = compare(case(LAMP, category="0101"), case(LAMP_AGAIN, category="0501"))
    assert same.score > other.score


TEXT = st.text(
    alphabet=st.sampled_from("路灯坏了请修龙溪花园三栋门口噪音施工扰民，。 a3区12号"), max_size=300
)


@given(TEXT, TEXT)
def test_likeness_is_the_same_from_both_sides(one: str, other: str) -> None:
    first, second = case((one[:20], one)), case((other[:20], other))
    assert compare(first, second).score == pytest.approx(compare(second, first).score)


@given(TEXT)
def test_a_sketch_is_read_back_as_it_was(text: str) -> None:
    print = PRINTER.of(text[:20], text)
    again = Fingerprint.unpacked(print.packed())
    assert list(again.terms) == list(print.terms)
    assert again.sought == print.sought
    assert (again.subject, again.named) == (print.subject, print.named)
    assert (again.places, again.areas) == (print.places, print.areas)
    assert len(again.terms) <= KEPT
    assert len(again.sought) <= SOUGHT


def test_without_the_key_the_hashes_say_nothing() -> None:
    """Another community's hashes of the same words are others, and none is the hash of a word that all know."""
    mine, theirs = PRINTER.of(*LAMP), Printer(os.urandom(32)).of(*LAMP)
    assert not mine.terms.keys() & theirs.terms.keys()
    assert len(mine.packed()) < 450


@pytest.mark.parametrize("text", ["", "。", "a" * 10_000, "路灯" * 5_000, "\ufffd\u200b", "１２３ ABC ｶﾀｶﾅ"])
def test_any_text_has_a_fingerprint(text: str) -> None:
    assert len(PRINTER.of(text[:200], text).terms) <= KEPT


def test_words_are_normalised() -> None:
    assert normalise("Ａ３区　路灯") == "a3区 路灯"
    assert pairs("a3区路灯 2019") == ["a3", "区路", "路灯", "2019"]


def test_a_place_is_known_by_its_ending_and_two_characters_before_it() -> None:
    assert places("位于伊景园滨河苑附近") >= {"滨河苑"}
    assert places("伊景园滨河苑捆绑") & places("购买了滨河苑的房子") == {"滨河苑"}


def test_what_everybody_writes_tells_little() -> None:
    known = commonness()
    assert known.weight("我们") < known.weight("路灯") < known.weight("鼍鼐")


@pytest.mark.parametrize(
    "settings", [{"offered": 50}, {"offered_percent": 101}, {"separate_days": "7"}], ids=str
)
def test_a_wrong_setting_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"intake\.duplicates"):
        Terms.of(settings)
