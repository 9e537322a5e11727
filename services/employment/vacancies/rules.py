"""The life of a vacancy: `draft` → `checked` → `published` → `filled` | `expired` | `closed`. What ends is final.

What seekers have been told must stay true, so only a draft or a checked vacancy may be changed (and is a draft
again, since someone has to check what changed). Other terms after publishing are another vacancy.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from services.employment.rules import moved
from shared.refusals import Conflict, InvalidValue


class VacancyState(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    """Someone of the community spoke with the employer and found it genuine."""
    PUBLISHED = "published"
    FILLED = "filled"
    EXPIRED = "expired"
    CLOSED = "closed"


class VacancyMove(StrEnum):
    CHANGE = "change"
    CHECK = "check"
    PUBLISH = "publish"
    FILL = "fill"
    EXPIRE = "expire"
    CLOSE = "close"


_PREPARED = frozenset({VacancyState.DRAFT, VacancyState.CHECKED})
_OPEN = frozenset({VacancyState.PUBLISHED})

MOVES: Mapping[VacancyMove, tuple[frozenset[VacancyState], VacancyState | None]] = {
    VacancyMove.CHANGE: (_PREPARED, VacancyState.DRAFT),
    VacancyMove.CHECK: (frozenset({VacancyState.DRAFT}), VacancyState.CHECKED),
    VacancyMove.PUBLISH: (frozenset({VacancyState.CHECKED}), VacancyState.PUBLISHED),
    VacancyMove.FILL: (_OPEN, VacancyState.FILLED),
    VacancyMove.EXPIRE: (_OPEN, VacancyState.EXPIRED),
    VacancyMove.CLOSE: (_PREPARED | _OPEN, VacancyState.CLOSED),
}


_LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){6}")
"""Seven digits, the least that a telephone number has; names such as 第102幼儿园 stay well below."""


class PastExpiry(Conflict):
    type = "vacancy-past-expiry"
    zh = "岗位的截止时间已过，请先修改截止时间。"
    en = "The vacancy's expiry has passed; change it first."


class TooManyTaken(InvalidValue):
    type = "too-many-posts-taken"
    zh = "只剩{left}个名额。"
    en = "Only {left} posts are left."


class PayReversed(InvalidValue):
    type = "pay-reversed"
    zh = "最高工资不能低于最低工资。"
    en = "The highest pay cannot be below the lowest."


class NumberInName(InvalidValue):
    type = "number-in-name"
    zh = "单位名称中不能填写电话等号码。"
    en = "An organisation's name has no room for a telephone or other number."


def after(state: VacancyState, move: VacancyMove) -> VacancyState:
    """Raises MoveRefused."""
    return moved("vacancy", MOVES, state, move)


def is_open(state: VacancyState, expires: datetime, now: datetime) -> bool:
    """Can still be applied for. A vacancy past its expiry is gone even before the job has said so."""
    return state is VacancyState.PUBLISHED and expires > now


def taken_after(posts: int, taken: int, more: int | None) -> int:
    """Posts taken once `more` are (None: all that are left). Raises TooManyTaken."""
    left = posts - taken
    if more is None:
        return posts
    if more > left:
        raise TooManyTaken(field="posts", left=left)
    return taken + more


def check_pay(pay_from: int, pay_to: int) -> None:
    """Raises PayReversed."""
    if pay_to < pay_from:
        raise PayReversed(field="pay_to")


def check_organisation(name: str) -> None:
    """The name is public, so a contact's number does not belong into it. Raises NumberInName."""
    if _LONG_NUMBER.search(name):
        raise NumberInName(field="organisation")
