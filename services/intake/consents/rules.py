"""For what consent is needed, and what makes one valid. Plain Python.

PIPL article 13 (1): consent is one of the grounds to process; the others (a duty or a contract, (2) to (7)) need none.
Article 14: it is voluntary, explicit and informed, so it names the words that were shown; if purpose or manner change,
it is asked anew. Article 15: it may be withdrawn, as easily as given; what was done before stays lawful. Article 29:
sensitive data needs a consent of its own, so each purpose has its own texts. Article 31: for a minor under 14 the
guardian's.
"""

from collections.abc import Mapping
from types import MappingProxyType

from shared.refusals import Conflict, Forbidden, NotFound

NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "employment": "employment_sharing",
        "sensitive_care": "sensitive_facts",
        "activity_photo": "activity_photos",
    }
)
"""Purpose of a read (`read_purpose`) → purpose of the consent without which it is refused (`consent_purpose`)."""


class ConsentMissing(Forbidden):
    """The resident has not agreed to this, or took it back. Params: consent, a code of `consent_purpose`."""

    type = "consent-missing"
    zh = "居民尚未同意或已撤回同意（{consent}），不能为此用途查看其信息。"
    en = (
        "The resident has not agreed to this, or took it back ({consent}); their data may not be read for it."
    )


class TextNotFound(NotFound):
    type = "consent-text-not-found"
    zh = "没有这份同意书。"
    en = "There is no such text."


class TextNotInForce(Conflict):
    """Another version is asked now, or none. Params: purpose."""

    type = "consent-text-not-in-force"
    zh = "这不是“{purpose}”现行的同意书，请出示现行版本后再确认。"
    en = "This is not the text in force for {purpose}: show the one that is, and ask again."


class NothingToWithdraw(Conflict):
    """Params: purpose."""

    type = "nothing-to-withdraw"
    zh = "目前没有关于“{purpose}”的同意可以撤回。"
    en = "There is no standing consent for {purpose} to withdraw."


class AlreadyGiven(Conflict):
    """Params: purpose."""

    type = "consent-already-given"
    zh = "已同意“{purpose}”现行的同意书。"
    en = "The text in force for {purpose} is agreed to already."


class ForThemselves(Forbidden):
    """A minor under 14 does not consent; the guardian does (PIPL article 31)."""

    type = "guardian-decides"
    zh = "未满 14 周岁，须由监护人决定。"
    en = "Below the age of 14 the guardian decides."
