"""The resident identity number (公民身份号码, GB 11643-1999): its parts, its check character, and what has to agree with it.

Eighteen characters: six of the place of first registration (GB/T 2260), eight of the date of birth, three of the order,
odd for men and even for women, and one check character by ISO 7064 MOD 11-2. Plain Python.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from shared.refusals import InvalidValue

_FORM = re.compile(r"\d{17}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11643-1999, appendix A: 2^(18-i) modulo 11 for place i."""
_CHECKS = "10X98765432"
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
"""First two digits of GB/T 2260; 81 to 83 stand on residence permits of people from Hong Kong, Macao and Taiwan."""
_OLDEST = 130  # years; nobody has been documented to be older


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A number that can be one. Whether it was given to anybody only the police can tell."""

    text: str
    birth_date: date
    gender: str
    """`male` or `female`, as the vocabulary `gender` has them."""

    @property
    def masked(self) -> str:
        """As lists may show it: place and last character."""
        return masked(self.text)


def masked(number: str) -> str:
    return f"{number[:4]}{'*' * 12}{number[-2:]}"


def check_character(first_seventeen: str) -> str:
    """The character that makes these digits a number."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True))
    return _CHECKS[total % 11]


def id_number(text: str, today: date) -> IdNumber:
    """The one form in which it is stored and looked up. Full width, spaces and a small x do not matter.

    Raises InvalidValue. Numbers of fifteen digits ended in 2013 (Law on Resident Identity Cards, article 23).
    """
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not plain.isascii() or not _FORM.fullmatch(plain):
        raise _wrong(
            "身份证号应为 18 位，末位可为 X。", "An identity number has 18 characters, the last may be X."
        )
    if plain[:2] not in _PROVINCES:
        raise _wrong("身份证号的地区代码不存在。", "No province has these first two digits.")
    try:
        born = date(int(plain[6:10]), int(plain[10:12]), int(plain[12:14]))
    except ValueError:
        born = None
    if born is None or not today.year - _OLDEST <= born.year or born > today:
        raise _wrong("身份证号中的出生日期不对。", "The date of birth within it cannot be.")
    if check_character(plain[:17]) != plain[17]:
        raise _wrong(
            "身份证号校验位不对，请核对每一位。",
            "Its check character does not fit: look at each digit again.",
        )
    return IdNumber(plain, born, "male" if int(plain[16]) % 2 else "female")


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of who somebody is. Each may be unknown; what is known agrees."""

    id_number: str | None = None
    gender: str | None = None
    birth_date: date | None = None
    birth_year: int | None = None


def agreed(given: Identity, today: date) -> Identity:
    """The same with what follows: date and gender from the number, the year from the date.

    Raises InvalidValue that names the field which contradicts the number, or the year which contradicts the date.
    """
    number = None if given.id_number is None else id_number(given.id_number, today)
    birth_date, gender = given.birth_date, given.gender
    if number is not None:
        if birth_date not in {None, number.birth_date}:
            raise InvalidValue(
                field="birth_date",
                reason_zh="出生日期与身份证号不一致。",
                reason_en="The date of birth and the identity number disagree.",
            )
        if gender not in {None, number.gender}:
            raise InvalidValue(
                field="gender",
                reason_zh="性别与身份证号不一致。",
                reason_en="The gender and the identity number disagree.",
            )
        birth_date, gender = number.birth_date, number.gender
    if birth_date is not None:
        if not today.year - _OLDEST <= birth_date.year or birth_date > today:
            raise InvalidValue(
                field="birth_date", reason_zh="出生日期不对。", reason_en="The date of birth cannot be."
            )
        if given.birth_year not in {None, birth_date.year}:
            raise InvalidValue(
                field="birth_year",
                reason_zh="出生年份与出生日期或身份证号不一致。",
                reason_en="The year of birth disagrees with the date of birth or the identity number.",
            )
    return Identity(
        None if number is None else number.text,
        gender,
        birth_date,
        given.birth_year if birth_date is None else birth_date.year,
    )


def age_on(birth_date: date, today: date) -> int:
    """Whole years, as the law counts: complete on the birthday (the day after, by the Criminal Law's reckoning, is not
    ours); who was born on 29 February is a year older on 1 March of other years."""
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (0 if had_birthday else 1)


def _wrong(zh: str, en: str) -> InvalidValue:
    return InvalidValue(field="id_number", reason_zh=zh, reason_en=en)


__all__ = ["IdNumber", "Identity", "age_on", "agreed", "check_character", "id_number", "masked"]
