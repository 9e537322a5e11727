"""Who gets a request, case by case, with the reason beside each."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.casework.assignments.rules import (
    Candidate,
    Decision,
    Filter,
    Need,
    Reason,
    covers,
    decide,
)
from services.casework.cases.rules import Waiting
from services.casework.policies.rules import NAMED_SKILLS, OverCap, policy_from

POLICY = policy_from({})
QUEUE = policy_from({"over_cap": "queue"})
WEEK = 40 * 60
A, B, C = UUID(int=1), UUID(int=2), UUID(int=3)
NEED = Need(request=UUID(int=99), effort=60)


def one(id: UUID, load: int = 0, **more: object) -> Candidate:
    return replace(Candidate(worker=id, weekly_minutes=WEEK, open_minutes=load), **more)  # type: ignore[arg-type]


def ruled_out(made: Decision) -> dict[UUID, Filter]:
    return {verdict.worker: verdict.ruled_out for verdict in made.verdicts if verdict.ruled_out is not None}


@pytest.mark.parametrize(
    ("roster", "need", "chosen", "reasons", "out", "why"),
    [
        ([one(A, 300), one(B, 200)], NEED, B, ["least_loaded"], {}, "less open work"),
        (
            [one(A, 200), one(B, 150, weekly_minutes=20 * 60)],
            NEED,
            A,
            ["least_loaded"],
            {},
            "half the hours: 150 minutes weigh more than 200",
        ),
        (
            [one(A, 0, turn=7), one(B, 0, turn=3)],
            NEED,
            B,
            ["least_loaded", "longest_without"],
            {},
            "equal loads: whoever waited longest",
        ),
        (
            [one(B), one(A)],
            NEED,
            A,
            ["least_loaded", "longest_without"],
            {},
            "all equal: by id, whatever the order",
        ),
        ([one(A)], NEED, A, ["only_candidate"], {}, "nobody else is there"),
        (
            [one(A, active=False), one(B, 900)],
            NEED,
            B,
            ["only_candidate"],
            {A: Filter.INACTIVE},
            "the inactive get nothing",
        ),
        (
            [one(A, absent=True), one(B, 900)],
            NEED,
            B,
            ["only_candidate"],
            {A: Filter.ABSENT},
            "the absent get nothing",
        ),
        (
            [one(A), one(B, 900)],
            replace(NEED, barred=frozenset({A})),
            B,
            ["only_candidate"],
            {A: Filter.RETURNED_IT},
            "not to the one who gave it back",
        ),
        (
            [one(A), one(B, 900, skills=frozenset({"01"}))],
            replace(NEED, category="010205"),
            B,
            ["only_candidate", "skill_match"],
            {A: Filter.LACKS_SKILL},
            "skill before load",
        ),
        (
            [one(A), one(B, 60)],
            replace(NEED, category="010205"),
            A,
            ["least_loaded", "no_skilled_worker"],
            {},
            "nobody on the staff has it: waived, and a gap is recorded",
        ),
        (
            [one(A), one(B, absent=True, skills=frozenset({"01"}))],
            replace(NEED, category="01"),
            A,
            ["only_candidate", "skilled_unavailable"],
            {B: Filter.ABSENT},
            "the skill is there, but not today: no gap",
        ),
        (
            [one(A, gender="male"), one(B, 900, gender="female")],
            replace(NEED, wish="female"),
            B,
            ["only_candidate", "wish_met"],
            {A: Filter.WISH},
            "the resident's wish before load",
        ),
        (
            [one(A, gender="male"), one(B, 900)],
            replace(NEED, wish="female"),
            A,
            ["least_loaded", "wish_not_met"],
            {},
            "nobody can meet the wish: waived and said",
        ),
        (
            [one(A, 2360), one(B, 2340, weekly_minutes=WEEK * 2)],
            NEED,
            B,
            ["only_candidate"],
            {A: Filter.CAP_REACHED},
            "20 minutes over the cap is over",
        ),
        ([one(A, 2340)], NEED, A, ["only_candidate"], {}, "exactly at the cap afterwards is not over"),
        (
            [one(A, 2400), one(B, 2380)],
            NEED,
            B,
            ["least_loaded", "over_cap"],
            {},
            "all at the cap: the least loaded, and said",
        ),
    ],
)
def test_who_gets_it(
    *,
    roster: list[Candidate],
    need: Need,
    chosen: UUID,
    reasons: list[str],
    out: dict[UUID, Filter],
    why: str,
) -> None:
    made = decide(need, roster, POLICY)
    assert made.worker == chosen, why
    assert [*made.reasons] == reasons, why
    assert ruled_out(made) == out, why
    assert made.waiting is None
    assert made.load_after - made.load_before == need.effort


@pytest.mark.parametrize(
    ("owner_load", "chosen", "reasons", "why"),
    [
        (0, A, ["grid_owner", "least_loaded"], "owner and least loaded"),
        (101, A, ["grid_owner"], "less than one average effort (52) above the others' 50"),
        (102, A, ["grid_owner"], "exactly one average effort"),
        (103, B, ["least_loaded"], "a minute more: fairness goes first"),
    ],
)
def test_the_owner_is_preferred_only_within_one_average_effort(
    owner_load: int, chosen: UUID, reasons: list[str], why: str
) -> None:
    roster = [one(A, owner_load), one(B, 50), one(C, 700)]
    made = decide(replace(NEED, grid_owner=A), roster, POLICY)
    assert (made.worker, [*made.reasons]) == (chosen, reasons), why


def test_an_owner_who_is_ruled_out_is_not_preferred() -> None:
    made = decide(replace(NEED, grid_owner=A), [one(A, absent=True), one(B, 900)], POLICY)
    assert made.worker == B


@pytest.mark.parametrize(
    ("roster", "policy", "waiting", "out", "why"),
    [
        ([], POLICY, Waiting.NOBODY_AVAILABLE, {}, "no workers at all"),
        (
            [one(A, absent=True), one(B, active=False)],
            POLICY,
            Waiting.NOBODY_AVAILABLE,
            {A: Filter.ABSENT, B: Filter.INACTIVE},
            "nobody is there",
        ),
        (
            [one(A, 2400), one(B, 2380)],
            QUEUE,
            Waiting.OVER_CAP,
            {A: Filter.CAP_REACHED, B: Filter.CAP_REACHED},
            "the community lets it wait",
        ),
    ],
)
def test_it_waits_when_nobody_can_take_it(
    roster: list[Candidate],
    policy: object,
    waiting: Waiting,
    out: dict[UUID, Filter],
    why: str,
) -> None:
    made = decide(NEED, roster, policy)  # type: ignore[arg-type]
    assert (made.worker, made.waiting) == (None, waiting), why
    assert ruled_out(made) == out, why


@pytest.mark.parametrize(
    ("roster", "as_", "chosen", "reasons", "why"),
    [
        (
            [one(A), one(B, 900)],
            Reason.NAMED_BY_HEAD,
            B,
            ["named_by_head"],
            "the head's word, whatever the load",
        ),
        (
            [one(A), one(B, 2390)],
            Reason.NAMED_BY_HEAD,
            B,
            ["named_by_head", "over_cap"],
            "over the cap, and said",
        ),
        (
            [one(A), one(B, absent=True)],
            Reason.NAMED_BY_HEAD,
            A,
            ["only_candidate", "named_unavailable"],
            "an absent worker gets nothing, not even from the head",
        ),
        ([one(A), one(B, 900)], Reason.SAME_WORKER, B, ["same_worker"], "knows the case"),
        (
            [one(A), one(B, absent=True)],
            Reason.SAME_WORKER,
            A,
            ["only_candidate"],
            "away: someone else, without ado",
        ),
    ],
)
def test_a_named_worker_is_taken_if_there(
    roster: list[Candidate], as_: Reason, chosen: UUID, reasons: list[str], why: str
) -> None:
    made = decide(replace(NEED, named=B, named_as=as_), roster, POLICY)
    assert (made.worker, [*made.reasons]) == (chosen, reasons), why


def test_behind_others_it_waits_unless_it_is_for_somebody() -> None:
    behind = replace(NEED, behind=True)
    made = decide(behind, [one(A), one(B)], POLICY)
    assert (made.waiting, made.reasons, ruled_out(made)) == (Waiting.OLDER_FIRST, (), {})
    assert decide(replace(behind, named=B), [one(A), one(B)], POLICY).worker == B
    assert decide(behind, [one(A, absent=True)], POLICY).waiting is Waiting.NOBODY_AVAILABLE


def test_filters_give_way_one_by_one() -> None:
    """The skill counts more than the wish, and the wish more than the cap."""
    skilled_man = one(A, 2400, gender="male", skills=frozenset({"01"}))
    unskilled_woman = one(B, 0, gender="female")
    made = decide(replace(NEED, category="01", wish="female"), [skilled_man, unskilled_woman], POLICY)
    assert made.worker == A
    assert [*made.reasons] == ["only_candidate", "skill_match", "wish_not_met", "over_cap"]
    assert ruled_out(made) == {B: Filter.LACKS_SKILL}


def test_a_gap_is_a_category_nobody_has_the_skill_for() -> None:
    need = replace(NEED, category="010205")
    assert decide(need, [one(A)], POLICY).skill_gap == "010205"
    assert decide(need, [one(A, skills=frozenset({"01"}))], POLICY).skill_gap is None
    assert decide(NEED, [one(A)], POLICY).skill_gap is None


@pytest.mark.parametrize(
    ("skills", "category", "good", "why"),
    [
        ({"01"}, "010205", True, "level 1 covers all below"),
        ({"0102"}, "010205", True, "level 2 covers its own"),
        ({"0101"}, "010205", False, "another level 2"),
        ({"0102"}, "01", True, "the request is known less precisely than the skill"),
        ({"0102"}, "02", False, "another level 1"),
        ({"mediation"}, "130101", True, "a named skill stands for categories"),
        ({"mediation"}, "01", False, "and for no others"),
        (set(), "01", False, "no skills"),
        (set(), None, True, "no category, no skill needed"),
        ({"1"}, "13", True, "prefix of digits (never stored: the check refuses it)"),
    ],
)
def test_what_a_skill_is_good_for(skills: set[str], category: str | None, good: bool, why: str) -> None:
    assert covers(skills, category, NAMED_SKILLS) is good, why


def test_both_choices_for_a_full_house_are_tested() -> None:
    assert {POLICY.over_cap, QUEUE.over_cap} == set(OverCap)
