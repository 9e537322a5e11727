"""How long a worker has to sign for a case or to give it back, and after how many returns the head decides.

They are limits of the request (DOMAIN: Limits) that casework measures, so they are read from where intake reads them,
the community's table `intake.limits`, and counted the same way: working hours are working time; a working day or a day ends
when work ends on it, the first day not counted (民法典, articles 201 and 203); hours go round the clock on working days.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.calendar import Due, WorkCalendar

_LENGTH = re.compile(r"([1-9]\d{0,3}) (working hour|working day|hour|day)s?")


@dataclass(frozen=True, slots=True)
class Length:
    """`2 working hours`, `1 working day`."""

    amount: int
    unit: str

    @classmethod
    def parse(cls, text: object) -> "Length":
        """Raises ValueError for anything else."""
        match = _LENGTH.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise ValueError(f"{text!r} is not a length such as '2 working hours' or '1 working day'")
        return cls(int(match[1]), match[2])

    def after(self, start: datetime, calendar: WorkCalendar) -> Due:
        """When it ends that began at `start`."""
        match self.unit:
            case "working hour":
                return calendar.add_working(start, timedelta(hours=self.amount))
            case "hour":
                return calendar.add_working(start, calendar.working_days(1) * self.amount / 24)
            case "working day":
                return _closing(start, self.amount, calendar)
            case _:
                day = calendar.day_of(start) + timedelta(days=self.amount - 1)
                return _closing(calendar.opening(day), 1, calendar)


@dataclass(frozen=True, slots=True)
class CaseLimits:
    sign: Length = Length(2, "working hour")
    return_within: Length = Length(1, "working day")
    returns_until_head: int = 2


def limits_from(settings: Mapping[str, Any]) -> CaseLimits:
    """From a community's table `intake.limits`; the limits of intake's own steps in it are intake's business.

    Raises ValueError that names the setting at fault.
    """
    default = CaseLimits()
    returns = settings.get("returns_until_head", default.returns_until_head)
    if isinstance(returns, bool) or not isinstance(returns, int) or returns < 1:
        raise ValueError("intake.limits.returns_until_head: a whole number from 1")
    return CaseLimits(
        sign=_length(settings, "sign", default.sign),
        return_within=_length(settings, "return_within", default.return_within),
        returns_until_head=returns,
    )


def _length(settings: Mapping[str, Any], name: str, default: Length) -> Length:
    if name not in settings:
        return default
    try:
        return Length.parse(settings[name])
    except ValueError as error:
        raise ValueError(f"intake.limits.{name}: {error}") from None


def _closing(start: datetime, days: int, calendar: WorkCalendar) -> Due:
    day, provisional = calendar.day_of(start), False
    for _ in range(days):
        following = calendar.next_working_day(day)
        day, provisional = following.day, provisional or following.provisional
    return Due(calendar.closing(day), provisional)
