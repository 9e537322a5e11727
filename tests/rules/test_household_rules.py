"""Households: exactly one head of each, everybody in one at a time, whatever is done in whichever order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.intake.households.rules import (
    HEAD,
    HeadStays,
    NotAMember,
    founded,
    headed,
    heir_of,
    joined,
    left,
)
from shared.contracts.vocabulary import codes

RELATIONS = [code for code in codes("household_relation") if code != HEAD]
FAMILY = {
    "grandfather": "parent",
    "father": HEAD,
    "mother": "spouse",
    "son": "child",
    "lodger": "not_related",
}


@pytest.mark.parametrize(
    ("head", "seen"),
    [
        (
            "mother",
            {
                "grandfather": "parent_in_law",
                "father": "spouse",
                "mother": HEAD,
                "son": "child",
                "lodger": "not_related",
            },
        ),
        (
            "son",
            {
                "grandfather": "grandparent",
                "father": "parent",
                "mother": "parent",
                "son": HEAD,
                "lodger": "not_related",
            },
        ),
        (
            "grandfather",
            {
                "grandfather": HEAD,
                "father": "child",
                "mother": "child_in_law",
                "son": "grandchild",
                "lodger": "not_related",
            },
        ),
    ],
)
def test_everybody_is_as_the_new_head_sees_them(head: str, seen: dict[str, str]) -> None:
    assert headed(FAMILY, head) == seen


def test_the_spouse_heads_the_household_after_the_head_then_whoever_is_there_longest() -> None:
    assert heir_of(FAMILY) == "mother"
    without = left(FAMILY, "father")
    assert without["mother"] == HEAD
    assert heir_of({"father": HEAD, "son": "child", "lodger": "not_related"}) == "son"
    assert left(founded("father"), "father") == {}


def test_a_head_is_named_and_does_not_join() -> None:
    with pytest.raises(HeadStays):
        joined(FAMILY, "cousin", HEAD)
    with pytest.raises(HeadStays):
        joined(FAMILY, "father", "child")
    with pytest.raises(NotAMember):
        left(FAMILY, "cousin")
    with pytest.raises(NotAMember):
        headed(FAMILY, "cousin")


class Village(RuleBasedStateMachine):
    """Six people and all the households that they ever make."""

    def __init__(self) -> None:
        super().__init__()
        self.households: list[dict[int, str]] = []

    def housed(self, person: int) -> dict[int, str] | None:
        return next((members for members in self.households if person in members), None)

    @rule(person=st.integers(0, 5))
    def found(self, person: int) -> None:
        if self.housed(person) is None:
            self.households.append(founded(person))

    @precondition(lambda self: any(self.households))
    @rule(data=st.data(), person=st.integers(0, 5), relation=st.sampled_from([HEAD, *RELATIONS]))
    def join(self, data: st.DataObject, person: int, relation: str) -> None:
        place = data.draw(st.integers(0, len(self.households) - 1))
        members = self.households[place]
        if not members or self.housed(person) not in (None, members):
            return
        if relation == HEAD or members.get(person) == HEAD:
            with pytest.raises(HeadStays):
                joined(members, person, relation)
            return
        self.households[place] = joined(members, person, relation)

    @rule(person=st.integers(0, 5))
    def leave(self, person: int) -> None:
        members = self.housed(person)
        if members is not None:
            self.households[self.households.index(members)] = left(members, person)

    @rule(person=st.integers(0, 5))
    def name_head(self, person: int) -> None:
        members = self.housed(person)
        if members is not None:
            self.households[self.households.index(members)] = headed(members, person)

    @invariant()
    def each_that_stands_has_one_head(self) -> None:
        for members in self.households:
            assert sum(relation == HEAD for relation in members.values()) == (1 if members else 0)

    @invariant()
    def everybody_is_in_one(self) -> None:
        everyone = [person for members in self.households for person in members]
        assert len(everyone) == len(set(everyone))

    @invariant()
    def every_relation_is_one_of_the_register(self) -> None:
        assert {relation for members in self.households for relation in members.values()} <= {
            HEAD,
            *RELATIONS,
        }


TestVillage = Village.TestCase
TestVillage.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
