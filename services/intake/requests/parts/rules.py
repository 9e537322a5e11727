"""What may be split, and what parent and parts mean to each other (docs/decisions/parts-of-a-request.md). Plain Python."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from uuid import UUID

from services.intake.requests.rules import Life, Move, State, moved
from shared.refusals import Conflict

MOST_PARTS = 20
"""Of one request: our own estimate; the longest of the real messages names eleven things."""

ENDS = frozenset({State.CLOSED, State.REJECTED, State.DUPLICATE})
"""States that a parent does not reach before its parts have ended. The resident may withdraw it at any time."""
TOLD_TO_PARENT: Mapping[State, str] = MappingProxyType(
    {
        State.CLOSED: "part_closed",
        State.REJECTED: "part_ended",
        State.DUPLICATE: "part_ended",
        State.WITHDRAWN: "part_ended",
        State.REOPENED: "part_reopened",
    }
)
"""What stands in the parent's story when a part reaches a state."""


class PartOfAnother(Conflict):
    """Params: parent."""

    type = "part-of-another"
    zh = "该诉求本身是拆分件，不能再拆分；请在原诉求上拆分。"
    en = "This request is itself a part of another and cannot be split; split the whole one ({parent})."


class TooManyParts(Conflict):
    """Params: most, there."""

    type = "too-many-parts"
    zh = "一件诉求最多拆分为 {most} 件，现已有 {there} 件。"
    en = "A request has at most {most} parts; this one has {there} already."


class OpenParts(Conflict):
    """Params: count, references."""

    type = "open-parts"
    zh = "还有 {count} 件拆分件没有办结（{references}），请先办结。"
    en = "{count} of its parts are still open ({references}); they have to end first."


@dataclass(frozen=True, slots=True)
class OpenPart:
    request: UUID
    reference: str


def split(life: Life, *, parent: UUID | None, there: int, more: int) -> Life:
    """`there`: parts that it has already, `more`: those to come.

    Raises PartOfAnother, TooManyParts, IllegalRequestMove.
    """
    if parent is not None:
        raise PartOfAnother(parent=parent)
    after = moved(life, Move.SPLIT)
    if there + more > MOST_PARTS:
        raise TooManyParts(most=MOST_PARTS, there=there)
    return after


def under(parent: Life, part: Life) -> Life:
    """A part as it begins: under its parent's limit, so that splitting wins no time and loses none."""
    return replace(
        part,
        handle=parent.handle,
        supervised=parent.supervised,
        supervision_reason=parent.supervision_reason,
    )


def check_ended(state: State, parts: Sequence[OpenPart]) -> None:
    """`parts` are those still open of a request that goes to `state`. Raises OpenParts."""
    if state in ENDS and parts:
        raise OpenParts(count=len(parts), references=", ".join(part.reference for part in parts))
