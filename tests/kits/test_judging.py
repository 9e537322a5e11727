"""The test kit's judgement, and the report's arithmetic: tables of cases, no broker."""

import json
from collections.abc import Sequence

import pytest
from gaps.numbers import Numbers
from gaps.report import Range, Seen, line
from testkit.judging import complete, judge
from testkit.listing import Listing, NoListing, parse
from testkit.streams import Expected, Line, Missing, fresh, load, names

A, B = "019a0000-0000-7000-8000-00000000000a", "019a0000-0000-7000-8000-00000000000b"
ONE, TWO, THREE, FOUR = (Line(f"e{number}", A, number) for number in (1, 2, 3, 4))
OTHER = Line("f1", B, 1)
PUBLISHED = frozenset({"e1", "e2", "e3", "e4", "f1"})
EXPECTED = Expected((ONE, TWO, OTHER), frozenset({"e4"}), (Missing(A, 3, 3),), PUBLISHED)
NOTICED = [Missing(A, 3, 3)]


@pytest.mark.parametrize(
    ("applied", "missing", "failed", "why"),
    [
        ([ONE, TWO, OTHER], NOTICED, "", "right"),
        ([OTHER, ONE, TWO], NOTICED, "", "between subjects there is no order"),
        ([ONE, TWO, OTHER, FOUR], NOTICED, "", "an event that may be listed or not"),
        ([Line("old", A, 9), ONE, TWO, OTHER], NOTICED, "", "of another run"),
        ([ONE, TWO, OTHER], [Missing(A, 2, 5)], "", "more than what is missing was noticed"),
        ([ONE, OTHER], NOTICED, "every event that can be applied is", "one is not there"),
        ([ONE, TWO, TWO, OTHER], NOTICED, "each once", "twice"),
        ([TWO, ONE, OTHER], NOTICED, "in the order of the subject", "the wrong way round"),
        ([ONE, TWO, OTHER, THREE], NOTICED, "nothing that has to wait, or is not known", "too early"),
        ([ONE, TWO, OTHER], [], "what is missing was noticed", "said nothing"),
        ([ONE, TWO, OTHER], [Missing(B, 3, 3)], "what is missing was noticed", "of another subject"),
    ],
)
def test_a_listing_is_judged(
    applied: Sequence[Line], missing: Sequence[Missing], failed: str, why: str
) -> None:
    points = judge(EXPECTED, Listing(list(applied), list(missing)))
    assert [point.what for point in points if not point.passed] == ([failed] if failed else []), why


def test_missing_lines_can_be_done_without() -> None:
    listing = Listing([ONE, TWO, OTHER], [])
    assert all(point.passed for point in judge(EXPECTED, listing, missing_lines=False))
    assert complete(EXPECTED, listing, missing_lines=False)
    assert not complete(EXPECTED, listing, missing_lines=True)


def test_a_listing_is_read() -> None:
    lines = [
        json.dumps({"id": "e1", "subject": A, "sequence": 1, "more": 2}),
        "",
        json.dumps({"missing": {"subject": A, "from": 2, "to": 3}}),
    ]
    listing = parse(lines)
    assert (listing.applied, listing.missing) == ([ONE], [Missing(A, 2, 3)])


@pytest.mark.parametrize("bad", ["{", "[]", '"text"', '{"id": "e1"}', '{"missing": 3}'])
def test_a_line_that_is_wrong_is_named(bad: str) -> None:
    with pytest.raises(NoListing, match="line 2"):
        parse(["", bad])


@pytest.mark.parametrize("name", names())
def test_a_stream_has_other_ids_in_every_run_and_the_same_shape(name: str) -> None:
    first, again, second = load(name, "1"), load(name, "1"), load(name, "2")
    assert first == again
    assert len(first.steps) == len(second.steps)
    ids = [
        {id for step in stream.steps if isinstance(step, Expected) for id in step.published}
        for stream in (first, second, load(name, ""))
    ]
    assert all(ids)
    assert not ids[0] & ids[1]
    assert not ids[0] & ids[2]


def test_the_same_id_becomes_the_same_and_stays_a_uuid() -> None:
    once = fresh(f"{A} {B} {A}", "run").split()
    assert once[0] == once[2] != once[1]
    assert once[0][:14] == A[:13] + "-"


@pytest.mark.parametrize(
    ("seen", "holes", "why"),
    [
        ([1, 2, 3], [], "nothing missing"),
        ([1, 4, 2], [(3, 3)], "in any order"),
        ([1, 5, 9], [(2, 4), (6, 8)], "two holes"),
        ([1, 5, 3, 4, 2], [], "filled later"),
        ([1, 1, 3, 3, 2, 2], [], "twice"),
        ([7, 9], [(8, 8)], "the beginning is none"),
    ],
)
def test_holes_between_numbers(seen: Sequence[int], holes: Sequence[tuple[int, int]], why: str) -> None:
    numbers = Numbers()
    for number in seen:
        numbers.add(number)
    assert numbers.holes() == holes, why
    assert all(numbers.has(number, number) for number in seen)
    assert not any(numbers.has(first, last) for first, last in holes)
    assert numbers.lowest == min(seen)


def test_the_report_names_topic_aggregate_and_numbers() -> None:
    seen = Seen()
    for number in (2, 5):
        seen.numbers.setdefault(("intake.events", A), Numbers()).add(number)
    found = list(seen.missing(beginnings=True))
    assert found == [Range("intake.events", A, 1, 1, beginning=True), Range("intake.events", A, 3, 4)]
    assert list(seen.missing(beginnings=False)) == found[1:]
    assert [line(one) for one in found] == [
        f"intake.events  {A}  1 (before the first that was seen)",
        f"intake.events  {A}  3-4",
    ]
