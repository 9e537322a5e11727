"""The number that people read out can be checked, is unique within a day and gives nothing away."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.requests.reference import CAPACITY, WrongReference, check_digit, parse, reference

KEY = b"a key of the installation, secret"
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("digits", "check"),
    [
        ("0794", "5"),  # the example of ISO 7064 itself
        ("79462", "3"),  # a published test vector
        ("00200667308", "5"),  # leading zeros count
    ],
)
def test_the_check_digit_is_that_of_the_standard(digits: str, check: str) -> None:
    assert check_digit(digits) == check


def test_a_day_s_numbers_are_all_different() -> None:
    assert len({reference(value, NOON, KEY) for value in range(0, CAPACITY, 37)}) == len(
        range(0, CAPACITY, 37)
    )


def test_neighbours_in_the_sequence_are_not_neighbours_in_the_number() -> None:
    numbers = [int(reference(value, NOON, KEY)[7:13]) for value in range(200)]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    assert len(steps) > 190


def test_another_key_or_another_day_gives_another_order() -> None:
    first = [reference(value, NOON, KEY)[7:13] for value in range(20)]
    assert first != [reference(value, NOON, b"another key")[7:13] for value in range(20)]
    assert first != [reference(value, NOON + timedelta(days=1), KEY)[7:13] for value in range(20)]


def test_the_date_is_the_local_one() -> None:
    before_midnight_utc = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)  # 00:30 on the 25th in Shanghai
    assert reference(1, before_midnight_utc, KEY).startswith("261125-")


@pytest.mark.parametrize(
    "typed",
    [
        "261124-048213-6",
        "2611240482136",
        "261124 048213 6",
        "２６１１２４－０４８２１３－６",
        " 261124—048213—6\n",
    ],
)
def test_it_is_understood_however_it_is_typed(typed: str) -> None:
    assert parse(typed) == "261124-048213-6"


@pytest.mark.parametrize(
    "typed", ["", "261124-048213", "26112x-048213-6", "261124-048213-66", "٢٦١١٢٤٠٤٨٢١٣٦"]
)
def test_what_is_no_number_is_refused_with_the_form(typed: str) -> None:
    with pytest.raises(WrongReference) as refused:
        parse(typed)
    assert "6 位日期" in refused.value.message("zh")


@given(value=st.integers(0, CAPACITY - 1), position=st.integers(0, 12), shift=st.integers(1, 9))
def test_every_single_wrong_digit_is_found(value: int, position: int, shift: int) -> None:
    digits = list(reference(value, NOON, KEY).replace("-", ""))
    digits[position] = str((int(digits[position]) + shift) % 10)
    with pytest.raises(WrongReference) as refused:
        parse("".join(digits))
    assert "校验码" in refused.value.message("zh")
    assert refused.value.field == "reference"
