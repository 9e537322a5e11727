"""What the wire schemas of intake's features have in common: codes of vocabularies, phones, purposes."""

from typing import Annotated

from fastapi import Header
from pydantic import Field, StringConstraints

from shared.contracts.vocabulary import codes, name
from shared.refusals import InvalidValue, Language

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=48)]
Source = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=32),
    Field(description="Another system, by a name that stays the same: `hotline-12345`, `mayors-letters`"),
]


class UnknownCode(InvalidValue):
    """Params: `kind`, the vocabulary."""

    type = "unknown-code"


def known_code(kind: str, code: str, *, field: str) -> str:
    """The code, if the vocabulary has it. Raises UnknownCode."""
    known = codes(kind)
    if code not in known:
        some = ", ".join(list(known)[:20])
        raise UnknownCode(
            field=field,
            kind=kind,
            reason_zh=f"没有这个代码，可用的有：{some}。",
            reason_en=f"There is no such code; there are: {some}.",
        )
    return code


class PurposeMissing(InvalidValue):
    type = "purpose-missing"


Purpose = Annotated[
    str | None,
    Header(
        alias="X-Purpose",
        max_length=48,
        description="Why personal data is read: a code of `read_purpose`. The resident sees it.",
    ),
]


def purpose_of(given: str | None, otherwise: str | None) -> str:
    """The stated purpose. `otherwise` is the one that the call itself implies. Raises PurposeMissing, UnknownCode."""
    if given is None and otherwise is None:
        raise PurposeMissing(
            field="X-Purpose",
            reason_zh="查看个人信息须在 X-Purpose 中说明用途。",
            reason_en="Say in X-Purpose what personal data is read for.",
        )
    return known_code("read_purpose", given or otherwise or "", field="X-Purpose")


def word(kind: str, code: str | None, language: Language) -> str | None:
    """A code in words."""
    return None if code is None else name(kind, code, language)
