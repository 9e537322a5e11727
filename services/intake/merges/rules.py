"""When two records may be taken for one person, and until when that can be taken back. Plain Python.

Records point to at most one other, and nothing points to a record that points: so of every person one record is kept,
and to undo a merge is to take its pointer away.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.refusals import Conflict, NotFound

UNDO_DAYS = 30
"""Our own number: a month in which the person, or whoever keeps the register, notices."""


class MergeNotFound(NotFound):
    type = "merge-not-found"
    zh = "没有这次合并。"
    en = "There is no such merge."


class SameRecord(Conflict):
    type = "same-record"
    zh = "这是同一份档案，无需合并。"
    en = "This is one record, not two."


class AlreadyMerged(Conflict):
    """One of the two was merged into another record. Params: resident, kept."""

    type = "already-merged"
    zh = "档案 {resident} 已并入 {kept}，请使用后者或先撤销合并。"
    en = "Record {resident} was merged into {kept}: take that one, or undo the merge first."


class HasMerged(Conflict):
    """Others were merged into the record that shall be merged. Params: resident."""

    type = "has-merged"
    zh = "已有其他档案并入 {resident}，请反过来合并（保留该档案）。"
    en = "Other records were merged into {resident}: merge the other way round and keep this one."


class IdentitiesDiffer(Conflict):
    """Two identity numbers are two people."""

    type = "identities-differ"
    zh = "两份档案的身份证号不同，不是同一人。"
    en = "The two records have different identity numbers: these are two people."


class AlreadyUndone(Conflict):
    type = "already-undone"
    zh = "这次合并已经撤销。"
    en = "This merge has been undone already."


class UndoTooLate(Conflict):
    """Params: until."""

    type = "undo-too-late"
    zh = "撤销合并的期限（{until}）已过。"
    en = "A merge could be undone until {until}."


@dataclass(frozen=True, slots=True)
class Standing:
    """What has to be known of a record."""

    resident: UUID
    merged_into: UUID | None = None
    has_merged: bool = False
    """Others point to it."""


def check(kept: Standing, merged: Standing) -> None:
    """Raises SameRecord, AlreadyMerged, HasMerged."""
    if kept.resident == merged.resident:
        raise SameRecord
    for record in (kept, merged):
        if record.merged_into is not None:
            raise AlreadyMerged(resident=record.resident, kept=record.merged_into)
    if merged.has_merged:
        raise HasMerged(resident=merged.resident)


def check_numbers(kept: str | None, merged: str | None) -> None:
    """Raises IdentitiesDiffer."""
    if kept is not None and merged is not None and kept != merged:
        raise IdentitiesDiffer


def undo_until(at: datetime, days: int = UNDO_DAYS) -> datetime:
    return at + timedelta(days=days)


def check_undo(*, undone: datetime | None, until: datetime, now: datetime) -> None:
    """Raises AlreadyUndone, UndoTooLate."""
    if undone is not None:
        raise AlreadyUndone
    if now > until:
        raise UndoTooLate(until=until.isoformat())
