"""Resident identity numbers: form, check character, and what has to agree with them (GB 11643-1999)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.residents.identity import Identity, age_on, agreed, check_character, id_number, masked
from shared.refusals import InvalidValue
from tests.support.identities import number_of

TODAY = date(2026, 11, 28)
DAYS = st.dates(date(1900, 1, 1), TODAY)


@pytest.mark.parametrize(
    ("number", "born", "gender"),
    [
        # The two examples of the standard itself (GB 11643-1999, appendix).
        ("11010519491231002X", date(1949, 12, 31), "female"),
        ("440524188001010014", None, None),
        ("11010519491231002x", date(1949, 12, 31), "female"),
        (" １１０１０５ 19491231002Ｘ ", date(1949, 12, 31), "female"),
    ],
)
def test_the_standard_s_examples(number: str, born: date | None, gender: str | None) -> None:
    if born is None:  # right in its check character, and born longer ago than anybody lives
        assert check_character(number[:17]) == number[17]
        with pytest.raises(InvalidValue):
            id_number(number, TODAY)
        return
    found = id_number(number, TODAY)
    assert (found.birth_date, found.gender) == (born, gender)
    assert found.text == "11010519491231002X"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110105194912310021", "the check character is wrong"),
        ("1101051949123100", "too short"),
        ("110105491231002", "fifteen digits ended in 2013"),
        ("11010519490230002X", "the thirtieth of February"),
        ("99010519491231002X", "no such province"),
        (number_of(TODAY + timedelta(days=1)), "born tomorrow"),
        ("A1010519491231002X", "a letter"),
        ("", "nothing"),
    ],
)
def test_what_cannot_be_a_number_is_refused(number: str, why: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        id_number(number, TODAY)
    assert refused.value.field == "id_number", why
    assert not number or number not in refused.value.message("zh") + refused.value.message("en")


@given(DAYS, st.integers(0, 999))
def test_every_number_with_its_check_character_is_taken_and_says_who(born: date, order: int) -> None:
    found = id_number(number_of(born, order), TODAY)
    assert found.birth_date == born
    assert found.gender == ("male" if order % 2 else "female")
    assert masked(found.text).count("*") == 12
    assert f"{born:%m%d}" not in masked(found.text).strip("*")[4:]


@given(DAYS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born: date, order: int, place: int, shift: int) -> None:
    number = number_of(born, order)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    with pytest.raises(InvalidValue):
        id_number(wrong, TODAY)


@given(DAYS, st.integers(0, 999), st.integers(0, 15))
def test_two_neighbours_in_the_wrong_order_are_noticed(born: date, order: int, place: int) -> None:
    number = number_of(born, order)
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if wrong != number:
        with pytest.raises(InvalidValue):
            id_number(wrong, TODAY)


@pytest.mark.parametrize(
    ("identity", "field"),
    [
        (Identity(number_of(date(1958, 3, 4), 2), gender="male"), "gender"),
        (Identity(number_of(date(1958, 3, 4), 2), birth_date=date(1958, 3, 5)), "birth_date"),
        (Identity(number_of(date(1958, 3, 4), 2), birth_year=1959), "birth_year"),
        (Identity(birth_date=date(1958, 3, 4), birth_year=1959), "birth_year"),
        (Identity(birth_date=date(2027, 1, 1)), "birth_date"),
    ],
)
def test_what_contradicts_is_named(identity: Identity, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        agreed(identity, TODAY)
    assert refused.value.field == field


def test_what_follows_from_the_number_is_filled_in() -> None:
    number = number_of(date(1958, 3, 4), 2)
    assert agreed(Identity(number), TODAY) == Identity(number, "female", date(1958, 3, 4), 1958)
    assert agreed(Identity(), TODAY) == Identity()
    assert agreed(Identity(birth_year=1958, gender="male"), TODAY) == Identity(None, "male", None, 1958)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2008, 11, 28), date(2026, 11, 27), 17),
        (date(2008, 11, 28), date(2026, 11, 28), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2012, 2, 29), date(2024, 2, 29), 12),
    ],
)
def test_a_year_is_complete_on_the_birthday(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age
