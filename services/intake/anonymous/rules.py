"""Whose a request is, and the code by which an anonymous one is followed. Plain Python."""

import hmac
import unicodedata
from enum import StrEnum

from shared.refusals import Forbidden, InvalidValue, NotFound

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: without I, L, O and U
_LENGTH = 12  # 60 bits: at a thousand guesses a second for a year, one in 36 million
_LOOKALIKE = str.maketrans("ILO", "110")


class Complainant(StrEnum):
    """Whose a request is."""

    RESIDENT = "resident"
    """A registered resident's, or somebody's who is registered with it."""
    ANONYMOUS = "anonymous"
    """Of somebody who does not say who they are."""
    NOBODY = "nobody"
    """Found by the community itself, on patrol."""


class AnonymousNotTaken(Forbidden):
    type = "anonymous-not-taken"
    zh = "本社区不受理匿名诉求。"
    en = "This community takes no anonymous requests."


class PatrolOnly(InvalidValue):
    type = "patrol-only"
    zh = "没有诉求人的事项只能由工作人员通过网格巡查（patrol）登记。"
    en = "What has no complainant is filed by the community's own workers, by the channel patrol."


class FollowRefused(NotFound):
    """Deliberately the same for a wrong number, a wrong code, and a request that is not followed in this way."""

    type = "nothing-to-follow"
    zh = "受理编号或查询码不正确。"
    en = "The reference number or the code is not right."


def code_of(digest: bytes) -> str:
    """The code of a keyed hash of the request's id: `XXXX-XXXX-XXXX`. It is computed when it is needed and kept nowhere."""
    bits = int.from_bytes(digest[:8]) >> (64 - 5 * _LENGTH)
    text = "".join(_ALPHABET[bits >> 5 * place & 31] for place in reversed(range(_LENGTH)))
    return "-".join(text[at : at + 4] for at in range(0, _LENGTH, 4))


def same_code(given: str, right: str) -> bool:
    """Whether it was typed right, whatever the case, the hyphens and the letters that look like digits."""
    return hmac.compare_digest(_plain(given), _plain(right))


def _plain(code: str) -> bytes:
    text = unicodedata.normalize("NFKC", code).upper().translate(_LOOKALIKE)
    return "".join(character for character in text if character in _ALPHABET).encode()
