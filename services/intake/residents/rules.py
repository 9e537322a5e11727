"""What a resident's fields may hold, and their normal forms. Plain Python."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum

from shared.refusals import Conflict, InvalidValue, Refusal


class Gender(StrEnum):
    MALE = "male"
    FEMALE = "female"


FIELDS = ("name", "phone", "email", "address", "birth_year", "birth_date", "id_number")
"""The fields that are encrypted with the resident's key."""
CONTACT_FIELDS = ("name", "phone", "email")
"""What another service gets to reach a resident."""

_MOBILE = re.compile(r"1\d{10}")
_LANDLINE = re.compile(r"0\d{9,11}")
_SHORT = re.compile(r"\d{3,8}")  # a local number without an area code, a service number
_ABROAD = re.compile(r"\+\d{6,15}")  # E.164
_EMAIL = re.compile(r"[^@\s<>]{1,64}@[^@\s<>]{1,185}\.[^@\s<>.]{2,63}")
_OLDEST = 130  # years; nobody has been documented to be older


class ResidentErased(Refusal):
    status = 410
    type = "resident-erased"
    zh = "该居民的个人信息已被销毁，无法恢复。"
    en = "This resident's personal data was destroyed and cannot be had back."


class IdNumberTaken(Conflict):
    """Another record has this identity number. Params: resident."""

    type = "id-number-taken"
    zh = "该身份证号已登记在居民 {resident} 名下；若为同一人，请合并档案。"
    en = "This identity number is on record with resident {resident}; if it is the same person, merge the records."


class ReferenceTaken(Conflict):
    """The reference of the other system belongs to a resident already. Params: resident."""

    type = "resident-reference-taken"
    zh = "该外部编号已属于居民 {resident}。"
    en = "This reference belongs to resident {resident} already."


def normal_phone(phone: str) -> str:
    """The one form of a number in which it is stored and looked up: digits, abroad with a plus.

    Raises InvalidValue. A Chinese number loses +86 or 0086; full width, spaces, hyphens and brackets do not matter.
    """
    plain = re.sub(r"[\s\u2010-\u2015()\-.]", "", unicodedata.normalize("NFKC", phone))
    plain = re.sub(r"^(\+86|0086)(?=[01]\d)", "", plain)
    if not plain.isascii() or not any(
        form.fullmatch(plain) for form in (_MOBILE, _LANDLINE, _SHORT, _ABROAD)
    ):
        raise InvalidValue(
            field="phone",
            reason_zh="电话号码格式不正确：手机为 11 位，座机请带区号，境外号码以 + 开头。",
            reason_en="Not a phone number: 11 digits for a mobile, an area code for a landline, + from abroad.",
        )
    return plain


def checked_email(email: str) -> str:
    """Raises InvalidValue for what cannot be an address; whether it exists only a mail can tell."""
    plain = email.strip()
    if len(plain) > 254 or not _EMAIL.fullmatch(plain):
        raise InvalidValue(
            field="email", reason_zh="电子邮箱格式不正确。", reason_en="Not an e-mail address."
        )
    return plain


def checked_birth_year(year: int, now: datetime) -> int:
    if not now.year - _OLDEST <= year <= now.year:
        raise InvalidValue(
            field="birth_year",
            reason_zh=f"出生年份应在 {now.year - _OLDEST} 与 {now.year} 之间。",
            reason_en=f"The year of birth lies between {now.year - _OLDEST} and {now.year}.",
        )
    return year
