"""Another category or urgency after filing: what may be changed when, and what becomes of the limit. Plain Python.

The limit for handling is counted again from where it began (filing, or the last reopening), as if the request had been
recorded so from the start: a correction neither gives nor takes time by the moment at which it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from services.intake.actor import Actor
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.dues import still
from services.intake.requests.limits import Limits
from services.intake.requests.rules import OPEN_TO_HANDLE, Life, Move, moved
from shared.contracts.intake import RequestReclassified, Urgency
from shared.refusals import Conflict, Forbidden

SEVERITY: Mapping[Urgency, int] = MappingProxyType(
    {Urgency.LONG: 0, Urgency.NORMAL: 1, Urgency.URGENT: 2, Urgency.EMERGENCY: 3}
)


class NothingToReclassify(Conflict):
    type = "nothing-to-reclassify"
    zh = "分类和紧急程度与现在相同，没有需要调整的内容。"
    en = "Category and urgency are as they were; there is nothing to change."


class UrgencySettled(Conflict):
    """What was handled within its limit or not stays what it was."""

    type = "urgency-settled"
    zh = "诉求已处置，时限已经了结，只能调整分类，不能调整紧急程度。"
    en = (
        "The request is handled and its limit is over: its category can still be changed, its urgency cannot."
    )


class RelaxingForTheHead(Forbidden):
    """A limit that has passed is not lengthened by whoever missed it."""

    type = "relaxing-for-the-head"
    zh = "办理时限已过，降低紧急程度由社区负责人决定。"
    en = "The limit has passed: lowering the urgency now is for the head to decide."


@dataclass(frozen=True, slots=True)
class Classification:
    """What the request shall be from now on. None leaves it as it is."""

    category: str | None = None
    """Code of 2, 4 or 6 digits."""
    urgency: Urgency | None = None


def reclassify(
    it: Situation,
    at: datetime,
    by: Actor,
    limits: Limits,
    *,
    to: Classification,
    reason: str,
    may_relax: bool,
) -> tuple[Decision, Classification]:
    """The decision, and the category and urgency that it leaves.

    `may_relax`: the caller may lower the urgency although the limit has passed. Raises IllegalRequestMove,
    NothingToReclassify, UrgencySettled, RelaxingForTheHead.
    """
    category = it.category if to.category is None else to.category
    urgency = it.urgency if to.urgency is None else to.urgency
    life = moved(it.life, Move.RECLASSIFY)
    if (category, urgency) == (it.category, it.urgency):
        raise NothingToReclassify
    if urgency is not it.urgency:
        life = _with_urgency(it, life, at, limits, urgency, may_relax=may_relax)
    published = RequestReclassified(
        request=it.request,
        resident=it.resident,
        category=category,
        urgency=urgency,
        due=life.handle.due,
        due_provisional=life.handle.provisional,
        due_before=it.life.handle.due,
        due_changed=life.handle.due != it.life.handle.due,
        reason=reason,
    )
    details = _details(it, life, category, urgency)
    entry = Entry(Move.RECLASSIFY.value, at, by, it.life.state, life.state, reason, details)
    return Decision(it, life, (entry,), (published,)), Classification(category, urgency)


def _with_urgency(
    it: Situation, life: Life, at: datetime, limits: Limits, urgency: Urgency, *, may_relax: bool
) -> Life:
    if it.life.state not in OPEN_TO_HANDLE:
        raise UrgencySettled(field="urgency")
    lowered = SEVERITY[urgency] < SEVERITY[it.urgency]
    if lowered and at > it.life.handle.due and not may_relax:
        raise RelaxingForTheHead(field="urgency")
    handle = limits.handling(life.handle.started, urgency, supervised=life.supervised)
    return replace(life, handle=handle, handle_overdue=still(life.handle_overdue, handle))


def _details(it: Situation, life: Life, category: str | None, urgency: Urgency) -> Mapping[str, Any]:
    """Before and after, so that the story says what was changed and the rates can be counted again."""
    return {
        "category_before": it.category,
        "category": category,
        "urgency_before": it.urgency.value,
        "urgency": urgency.value,
        "before": it.life.handle.due.isoformat(),
        "due": life.handle.due.isoformat(),
        "provisional": life.handle.provisional,
    }
