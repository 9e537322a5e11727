"""What holds for any staff and any requests."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.casework.assignments.rules import (
    Candidate,
    Filter,
    Kind,
    Need,
    decide,
    decide_all,
    takeable,
)
from services.casework.policies.rules import policy_from
from shared.contracts.intake import Urgency
from shared.contracts.vocabulary import codes

POLICY = policy_from({})
QUEUE = policy_from({"over_cap": "queue"})
LEVEL_1 = [code for code in codes("category") if len(code) == 2]
WEEK = 40 * 60

candidates = st.builds(
    Candidate,
    worker=st.uuids(),
    weekly_minutes=st.sampled_from([1200, 2400]),
    open_minutes=st.integers(0, 3000),
    turn=st.integers(0, 20),
    active=st.booleans(),
    absent=st.booleans(),
    gender=st.sampled_from([None, "female", "male"]),
    skills=st.frozensets(st.sampled_from(LEVEL_1), max_size=4),
)
rosters = st.lists(candidates, max_size=8, unique_by=lambda one: one.worker)
needs = st.builds(
    Need,
    request=st.uuids(),
    effort=st.integers(10, 150),
    category=st.none() | st.sampled_from(LEVEL_1),
    wish=st.sampled_from([None, "female", "male"]),
)


@given(needs, rosters, st.sampled_from(["assign", "queue"]))
def test_every_decision_is_whole(need: Need, roster: list[Candidate], over_cap: str) -> None:
    made = decide(need, roster, policy_from({"over_cap": over_cap}))
    assert (made.worker is None) != (made.waiting is None)
    assert [verdict.worker for verdict in made.verdicts] == [one.worker for one in roster]
    out = {verdict.worker: verdict.ruled_out for verdict in made.verdicts}
    by_id = {one.worker: one for one in roster}
    if made.worker is not None:
        chosen = by_id[made.worker]
        assert chosen.active
        assert not chosen.absent
        assert out[made.worker] is None
        assert made.reasons
    for worker, why in out.items():
        assert (why is Filter.INACTIVE) == (not by_id[worker].active)
        if by_id[worker].active and by_id[worker].absent:
            assert why is Filter.ABSENT


@given(needs, rosters, st.data())
def test_a_kind_can_be_taken_where_a_case_of_it_finds_someone(
    need: Need, roster: list[Candidate], data: st.DataObject
) -> None:
    kind = Kind(need.category, need.wish, need.effort, returned=False)
    found = decide(need, roster, QUEUE).worker is not None
    assert takeable([kind], roster, QUEUE) == ([kind] if found else [])
    back = data.draw(st.sets(st.sampled_from([one.worker for one in roster]))) if roster else set()
    if decide(replace(need, barred=frozenset(back)), roster, QUEUE).worker is not None:
        assert takeable([replace(kind, returned=True)], roster, QUEUE), "whoever gave it back"


@given(needs, rosters, st.randoms())
def test_the_order_of_the_roster_does_not_matter(need: Need, roster: list[Candidate], random: object) -> None:
    shuffled = list(roster)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(need, roster, POLICY).worker == decide(need, shuffled, POLICY).worker


@given(
    st.lists(
        st.tuples(st.sampled_from([None, *LEVEL_1]), st.sampled_from(list(Urgency)), st.integers(0, 11)),
        min_size=30,
        max_size=120,
    )
)
def test_equal_workers_end_within_two_efforts_of_each_other(
    filed: list[tuple[str | None, Urgency, int]],
) -> None:
    """However the owners are spread: one effort for the last case, one average effort for being an owner."""
    staff = [Candidate(UUID(int=number + 1), WEEK) for number in range(12)]
    wanted = [
        Need(
            request=UUID(int=1000 + at),
            effort=POLICY.effort_of(category, urgency),
            category=category,
            grid_owner=UUID(int=owner % 3 + 1),  # three workers own all grids
        )
        for at, (category, urgency, owner) in enumerate(filed)
    ]
    loads = {one.worker: 0 for one in staff}
    for made in decide_all(wanted, staff, POLICY):
        assert made.worker is not None
        assert made.load_before == loads[made.worker]
        loads[made.worker] = made.load_after
    assert sum(loads.values()) == sum(need.effort for need in wanted)
    assert max(loads.values()) - min(loads.values()) <= max(need.effort for need in wanted) + POLICY.tolerance


def test_equals_take_turns() -> None:
    staff = [Candidate(UUID(int=number + 1), WEEK) for number in range(5)]
    wanted = [Need(request=UUID(int=100 + at), effort=60) for at in range(10)]
    chosen = [made.worker for made in decide_all(wanted, staff, POLICY)]
    assert chosen[:5] == [one.worker for one in staff]
    assert chosen[5:] == chosen[:5]
    # Work that is done at once leaves all equal: still nobody is asked twice before everyone was asked.
    turns = decide_all(wanted[:3], staff, POLICY)
    rested = [
        replace(one, turn=next((made.turn for made in turns if made.worker == one.worker), 0))
        for one in staff
    ]
    assert decide(wanted[3], rested, POLICY).worker == UUID(int=4)
