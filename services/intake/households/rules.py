"""Who may be in a household, and what its members are to whom. Plain Python.

A household that stands has at least one member and exactly one head; everybody is in one household at a time. Relations
are to the head, as the household register (户口簿) has them, so a new head gives everybody a new one.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from shared.refusals import Conflict, InvalidValue, NotFound

P = TypeVar("P")
Members = Mapping[P, str]
"""Relation to the head by person, in the order in which they joined."""

HEAD = "head"
OTHER = "other_relative"
_SEEN_BY: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        # What the others are to the new head, by what the new head was to the old one; `head` is the old head.
        "spouse": {
            "head": "spouse",
            "child": "child",
            "child_in_law": "child_in_law",
            "grandchild": "grandchild",
            "parent": "parent_in_law",
            "parent_in_law": "parent",
        },
        "child": {
            "head": "parent",
            "spouse": "parent",
            "child": "sibling",
            "parent": "grandparent",
            "parent_in_law": "grandparent",
        },
        "parent": {
            "head": "child",
            "spouse": "child_in_law",
            "child": "grandchild",
            "sibling": "child",
            "parent": "spouse",
        },
        "sibling": {
            "head": "sibling",
            "sibling": "sibling",
            "parent": "parent",
            "grandparent": "grandparent",
        },
        "grandchild": {"head": "grandparent", "spouse": "grandparent"},
        "grandparent": {"head": "grandchild"},
    }
)
"""What is nearly always so; a worker corrects the rest. What is not in it becomes another relative."""


class HouseholdNotFound(NotFound):
    type = "household-not-found"
    zh = "没有这一户。"
    en = "There is no such household."


class HouseholdEnded(Conflict):
    type = "household-ended"
    zh = "该户已无成员，已注销。"
    en = "This household has no members any more and has ended."


class AlreadyInHousehold(Conflict):
    """Params: household."""

    type = "already-in-household"
    zh = "该居民已登记在户 {household}，请先迁出。"
    en = "This resident is in household {household}: let them leave it first."


class NotAMember(Conflict):
    type = "not-a-member"
    zh = "该居民不是这一户的成员。"
    en = "This resident is not a member of this household."


class NumberTaken(Conflict):
    """Params: household."""

    type = "household-number-taken"
    zh = "该户号已登记在户 {household}。"
    en = "This number is that of household {household} already."


class HeadStays(InvalidValue):
    """The head's own relation does not change, and nobody else becomes head by joining."""

    type = "head-stays"


def founded(head: P) -> dict[P, str]:
    return {head: HEAD}


def joined(members: Members[P], person: P, relation: str) -> dict[P, str]:
    """Raises HeadStays. Whoever is a member already gets the new relation."""
    if relation == HEAD or members.get(person) == HEAD:
        raise HeadStays(
            field="relation",
            reason_zh="户主请通过“变更户主”办理。",
            reason_en="To change the head of the household, name the new one.",
        )
    return {**members, person: relation}


def headed(members: Members[P], person: P) -> dict[P, str]:
    """With this member as the head. Raises NotAMember."""
    if person not in members:
        raise NotAMember
    if members[person] == HEAD:
        return dict(members)
    seen = _SEEN_BY.get(members[person], {})
    return {
        member: HEAD if member == person else seen.get(relation, _unrelated(relation))
        for member, relation in members.items()
    }


def left(members: Members[P], person: P) -> dict[P, str]:
    """Without this member; empty when it was the last. Another one heads it when the head leaves. Raises NotAMember."""
    if person not in members:
        raise NotAMember
    heir = heir_of(members) if members[person] == HEAD else None
    after = headed(members, heir) if heir is not None else dict(members)
    del after[person]
    return after


def heir_of(members: Members[P]) -> P | None:
    """Who heads the household when its head goes: the spouse, else whoever has been there longest."""
    others = [person for person, relation in members.items() if relation != HEAD]
    spouses = [person for person in others if members[person] == "spouse"]
    return next(iter(spouses or others), None)


def _unrelated(relation: str) -> str:
    return relation if relation == "not_related" else OTHER
