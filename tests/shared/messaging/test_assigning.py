"""Who of a group reads which partition of the local log."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.local.assigning import Place, share_out

A, B, C = (UUID(int=number) for number in (1, 2, 3))
INTAKE = [Place(number, "intake.events") for number in range(6)]
CASEWORK = [Place(number, "casework.events") for number in range(6, 12)]
BOTH = frozenset({"intake.events", "casework.events"})
ONLY_INTAKE = frozenset({"intake.events"})

# members, places, present owners → how many each gets
CASES: list[tuple[str, Mapping[UUID, frozenset[str]], list[Place], dict[Place, UUID], dict[UUID, int]]] = [
    ("nobody reads nothing", {}, INTAKE, {}, {}),
    ("one gets all", {A: BOTH}, INTAKE, {}, {A: 6}),
    ("two share evenly", {A: BOTH, B: BOTH}, INTAKE, {}, {A: 3, B: 3}),
    ("a newcomer gets its share", {A: BOTH, B: BOTH}, INTAKE, dict.fromkeys(INTAKE, A), {A: 3, B: 3}),
    ("the dead give all", {B: BOTH}, INTAKE, dict.fromkeys(INTAKE, A), {B: 6}),
    ("an uneven rest differs by one", {A: BOTH, B: BOTH, C: BOTH}, INTAKE[:4], {}, {A: 2, B: 1, C: 1}),
    ("a topic goes to those who read it", {A: BOTH, B: ONLY_INTAKE}, CASEWORK, {}, {A: 6}),
    ("and evens out over topics", {A: BOTH, B: ONLY_INTAKE}, INTAKE + CASEWORK, {}, {A: 6, B: 6}),
    (
        "who stopped reading a topic gives it",
        {A: ONLY_INTAKE, B: BOTH},
        CASEWORK,
        dict.fromkeys(CASEWORK, A),
        {B: 6},
    ),
]


@pytest.mark.parametrize(
    ("members", "places", "owners", "loads"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_shares(
    members: Mapping[UUID, frozenset[str]],
    places: list[Place],
    owners: dict[Place, UUID],
    loads: dict[UUID, int],
) -> None:
    assert Counter(share_out(members, places, owners).values()) == loads


def test_nothing_moves_that_need_not() -> None:
    before = {place: (A, B)[place.id % 2] for place in INTAKE}
    after = share_out(dict.fromkeys((A, B, C), BOTH), INTAKE, before)
    assert sum(before[place] != after[place] for place in INTAKE) == 2


@given(
    st.dictionaries(st.uuids(), st.just(BOTH), min_size=1, max_size=8),
    st.lists(st.sampled_from([A, B, C]), min_size=12, max_size=12),
)
def test_every_place_has_one_owner_and_loads_differ_by_one(
    members: dict[UUID, frozenset[str]], present: list[UUID]
) -> None:
    places = INTAKE + CASEWORK
    result = share_out(members, places, dict(zip(places, present, strict=True)))
    loads = Counter(dict.fromkeys(members, 0)) | Counter(result.values())
    counts = [loads[member] for member in members]
    assert set(result) == set(places)
    assert max(counts) - min(counts) <= 1
