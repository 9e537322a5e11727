"""Merges: nothing points to a record that points, and what is undone is exactly as it was."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.intake.merges.rules import (
    AlreadyMerged,
    AlreadyUndone,
    HasMerged,
    IdentitiesDiffer,
    SameRecord,
    Standing,
    UndoTooLate,
    check,
    check_numbers,
    check_undo,
    undo_until,
)

NOW = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("kept", "merged", "refusal"),
    [
        (Standing(ONE), Standing(ONE), SameRecord),
        (Standing(ONE, merged_into=THREE), Standing(TWO), AlreadyMerged),
        (Standing(ONE), Standing(TWO, merged_into=THREE), AlreadyMerged),
        (Standing(ONE), Standing(TWO, has_merged=True), HasMerged),
    ],
)
def test_what_cannot_be_merged(kept: Standing, merged: Standing, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        check(kept, merged)


def test_two_numbers_are_two_people() -> None:
    check_numbers(None, "1")
    check_numbers("1", "1")
    with pytest.raises(IdentitiesDiffer):
        check_numbers("1", "2")


def test_a_merge_is_undone_once_and_within_its_days() -> None:
    until = undo_until(NOW)
    assert until - NOW == timedelta(days=30)
    check_undo(undone=None, until=until, now=until)
    with pytest.raises(UndoTooLate):
        check_undo(undone=None, until=until, now=until + timedelta(seconds=1))
    with pytest.raises(AlreadyUndone):
        check_undo(undone=NOW, until=until, now=NOW)


class Records(RuleBasedStateMachine):
    """Five records, merged and parted again in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.pointers: dict[int, int | None] = dict.fromkeys(range(5))
        self.merges: list[tuple[int, int]] = []
        self.before: dict[tuple[int, int], dict[int, int | None]] = {}

    def standing(self, record: int) -> Standing:
        pointer = self.pointers[record]
        return Standing(
            UUID(int=record),
            None if pointer is None else UUID(int=pointer),
            record in self.pointers.values(),
        )

    @rule(kept=st.integers(0, 4), merged=st.integers(0, 4))
    def merge(self, kept: int, merged: int) -> None:
        try:
            check(self.standing(kept), self.standing(merged))
        except (SameRecord, AlreadyMerged, HasMerged):
            return
        self.before[kept, merged] = dict(self.pointers)
        self.pointers[merged] = kept
        self.merges.append((kept, merged))

    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        if not self.merges:
            return
        kept, merged = self.merges.pop(data.draw(st.integers(0, len(self.merges) - 1)))
        assert self.pointers[merged] == kept
        others = {record: pointer for record, pointer in self.pointers.items() if record != merged}
        self.pointers[merged] = None
        assert self.pointers[merged] == self.before[kept, merged][merged], "as it was"
        assert {record: self.pointers[record] for record in others} == others, "and nothing else moved"

    @invariant()
    def nothing_points_to_a_record_that_points(self) -> None:
        for pointer in self.pointers.values():
            assert pointer is None or self.pointers[pointer] is None

    @invariant()
    def every_pointer_is_a_merge_that_stands(self) -> None:
        pointing = {(kept, merged) for merged, kept in self.pointers.items() if kept is not None}
        assert pointing == set(self.merges)


TestRecords = Records.TestCase
TestRecords.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
