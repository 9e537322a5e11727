"""Working time in China: swapped working days (调休) known, years without a notice answered provisionally."""

from shared.calendar.hours import SHANGHAI, WorkHours
from shared.calendar.working import (
    ContradictoryNotice,
    DayKind,
    Due,
    NaiveMoment,
    NextDay,
    WorkCalendar,
)

__all__ = [
    "SHANGHAI",
    "ContradictoryNotice",
    "DayKind",
    "Due",
    "NaiveMoment",
    "NextDay",
    "WorkCalendar",
    "WorkHours",
]
