"""A line of a case's story in words, Chinese and English. Pure; made from codes, so there is nothing personal in it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from shared.contracts.vocabulary import name
from shared.refusals import Language

# Which vocabulary a code of a line's detail belongs to, where it depends on what happened.
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "returned": "return_reason",
        "transfer_offered": "transfer_reason",
        "transfer_accepted": "transfer_reason",
        "reassigned": "reassign_reason",
        "reworked": "rework_reason",
        "reopened": "reopen_reason",
        "reclassified": "reclassify_reason",
        "supervised": "supervision_reason",
        "due_changed": "due_change_reason",
    }
)


def tell(what: str, detail: Mapping[str, Any], language: Language) -> str:
    """`退单：不在本网格范围（第 1 次）`."""
    words = [name("case_move", what, language)]
    if reason := detail.get("reason") or detail.get("note"):
        words.append(name(_REASONS.get(what, ""), reason, language) if what in _REASONS else reason)
    words += [name("assignment_reason", code, language) for code in detail.get("reasons", ())]
    for key, kind in (
        ("waiting", "assignment_waiting"),
        ("result", "case_result"),
        ("ending", "case_ending"),
    ):
        if code := detail.get(key):
            words.append(name(kind, code, language))
    if (effort := detail.get("effort")) is not None:
        words.append(f"用时 {effort} 分钟" if language == "zh" else f"{effort} minutes spent")
    if (within := detail.get("within_limit")) is not None:
        words.append(_within(within, language))
    if (returns := detail.get("returns")) is not None:
        words.append(f"第 {returns} 次" if language == "zh" else f"return {returns}")
    if event := detail.get("event"):
        words.append(event)
    head, *rest = words
    if not rest:
        return head
    return f"{head}：{'；'.join(rest)}" if language == "zh" else f"{head}: {'; '.join(rest)}"


def _within(within: bool, language: Language) -> str:
    if language == "zh":
        return "在时限内" if within else "超过时限"
    return "within the limit" if within else "after the limit"
