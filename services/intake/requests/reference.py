"""The number that people read out: `YYMMDD-NNNNNN-C`.

`YYMMDD` is the local day it was given, `NNNNNN` a number that is unique on that day, `C` a check digit by
ISO 7064 MOD 11,10, which finds every single wrong digit and nearly all swapped neighbours. The six digits are a
sequence value under a keyed permutation: unique without looking, and one's own number tells nothing of others'.
"""

import hashlib
import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from shared.refusals import InvalidValue

CAPACITY = 1_000_000
"""How many numbers a day has, over all communities of an installation."""
_LOCAL = ZoneInfo("Asia/Shanghai")
_HALF = 1_000  # CAPACITY = _HALF ** 2, so that a balanced Feistel network permutes it without walking cycles
_ROUNDS = 6  # from 4 on such a network is a strong pseudo-random permutation (Luby and Rackoff, 1988)
_FORM = re.compile(r"(\d{6})(\d{6})(\d)", re.ASCII)
_LOOSE = re.compile(r"[\s\u2010-\u2015\u2212-]")  # spaces and all that looks like a hyphen


class WrongReference(InvalidValue):
    """What was typed is not a number that was ever given: wrong form, or a mistyped digit."""

    type = "wrong-reference"


def reference(value: int, at: datetime, key: bytes) -> str:
    """The reference number for a sequence value, given at a moment. `key` is secret and the same everywhere."""
    day = at.astimezone(_LOCAL).strftime("%y%m%d")
    digits = f"{_permuted(value % CAPACITY, day, key):06d}"
    return f"{day}-{digits}-{check_digit(day + digits)}"


def parse(text: str) -> str:
    """The number in its one written form, from what a person typed (full width, spaces, no hyphens).

    Raises WrongReference.
    """
    match = _FORM.fullmatch(_LOOSE.sub("", unicodedata.normalize("NFKC", text)))
    if match is None:
        raise WrongReference(
            field="reference",
            reason_zh="受理编号应为 6 位日期、6 位数字和 1 位校验码，例如 261124-048213-6。",
            reason_en="A reference number is six digits of a date, six digits and a check digit.",
        )
    day, digits, check = match.groups()
    if check_digit(day + digits) != check:
        raise WrongReference(
            field="reference",
            reason_zh="受理编号的校验码不符，请核对是否有数字输错。",
            reason_en="The check digit does not fit: please look for a mistyped digit.",
        )
    return f"{day}-{digits}-{check}"


def check_digit(digits: str) -> str:
    """ISO 7064 MOD 11,10 over a string of digits."""
    check = 5
    for digit in digits:
        check = ((check or 10) * 2 % 11 + int(digit)) % 10
    return str((1 - (check or 10) * 2 % 11) % 10)


def _permuted(value: int, day: str, key: bytes) -> int:
    left, right = divmod(value, _HALF)
    for turn in range(_ROUNDS):
        left, right = right, (left + _round(right, turn, day, key)) % _HALF
    return left * _HALF + right


def _round(half: int, turn: int, day: str, key: bytes) -> int:
    digest = hashlib.blake2b(f"{day}:{turn}:{half}".encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest)
