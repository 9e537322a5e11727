"""What is true of a worker: skills, absences, and what keeps one from being deactivated."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound

STANDARD_WEEKLY_HOURS = 40
"""Labour Law article 36 and State Council Order 174: 40 hours a week."""
MOST_WEEKLY_HOURS = 60
_PREFIX_LENGTHS = (2, 4)


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class UnknownWorker(NotFound):
    type = "unknown-worker"
    zh = "没有这名工作者。"
    en = "There is no such worker."


class NotAWorker(NotFound):
    type = "not-a-worker"
    zh = "您的账号没有对应的工作者，请社区负责人登记。"
    en = "Your account belongs to no worker; ask the community's head to register you."


class NotYours(Forbidden):
    type = "not-your-record"
    zh = "只能查看或登记本人的内容。"
    en = "You may see and record only what is your own."


class StaffNumberTaken(Conflict):
    type = "staff-number-taken"
    zh = "该工号已登记给另一名工作者。"
    en = "Another worker has this staff number already."


class AccountTaken(Conflict):
    type = "account-taken"
    zh = "该账号已属于另一名工作者。"
    en = "This account belongs to another worker already."


class OwnsGrids(Conflict):
    """Param: codes."""

    type = "worker-owns-grids"
    zh = "该工作者仍是网格 {codes} 的负责人，请先为网格指定新的负责人。"
    en = "The worker still owns the grids {codes}; give them a new owner first."


class HasOpenCases(Conflict):
    """Param: count."""

    type = "worker-has-open-cases"
    zh = "该工作者还有 {count} 件未办结，请先改派或转办。"
    en = "The worker still has {count} open cases; reassign or transfer them first."


class WorkerInactive(Conflict):
    type = "worker-inactive"
    zh = "该工作者已停用。"
    en = "The worker is not active."


class WorkerAway(Conflict):
    type = "worker-absent"
    zh = "该工作者今天不在岗，不能派件。"
    en = "The worker is absent today and is given nothing."


class AbsenceOverlaps(Conflict):
    type = "absence-overlaps"
    zh = "这些日期中有的已登记为不在岗。"
    en = "Some of these days are recorded as absent already."


class UnknownAbsence(NotFound):
    type = "unknown-absence"
    zh = "没有这条不在岗记录。"
    en = "There is no such absence."


@dataclass(frozen=True, slots=True)
class Absence:
    """Both days included."""

    first_day: date
    last_day: date

    def covers(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def checked_absence(first_day: date, last_day: date) -> Absence:
    """Raises InvalidValue where the days are the wrong way round."""
    if last_day < first_day:
        raise InvalidValue(
            field="last_day",
            reason_zh="最后一天不能早于第一天。",
            reason_en="The last day cannot be before the first.",
        )
    return Absence(first_day, last_day)


def checked_skills(
    skills: Iterable[str], *, categories: Collection[str], named: Collection[str]
) -> tuple[str, ...]:
    """The skills, sorted and each once: category codes of level 1 or 2, or words of the skill vocabulary.

    Level 3 is no skill: nobody is trained for one of 517 categories. Raises InvalidValue for anything else.
    """
    chosen = sorted(set(skills))
    for skill in chosen:
        if not (skill in named or (skill in categories and len(skill) in _PREFIX_LENGTHS)):
            raise InvalidValue(
                field="skills",
                reason_zh="技能应为 2 位或 4 位分类代码，或技能词表中的代码。",
                reason_en="A skill is a category code of 2 or 4 digits, or a code of the skill vocabulary.",
            )
    return tuple(chosen)


def check_deactivation(*, owned_grids: Collection[str], open_cases: int) -> None:
    """A worker who leaves a grid without an owner, or cases without a worker, stays."""
    if owned_grids:
        raise OwnsGrids(codes="、".join(sorted(owned_grids)))
    if open_cases:
        raise HasOpenCases(count=open_cases)


__all__ = [
    "MOST_WEEKLY_HOURS",
    "STANDARD_WEEKLY_HOURS",
    "Absence",
    "AbsenceOverlaps",
    "AccountTaken",
    "Gender",
    "HasOpenCases",
    "NotAWorker",
    "NotYours",
    "OwnsGrids",
    "StaffNumberTaken",
    "UnknownAbsence",
    "UnknownWorker",
    "WorkerAway",
    "WorkerInactive",
    "check_deactivation",
    "checked_absence",
    "checked_skills",
]
