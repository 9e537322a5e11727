"""Which days are known to be free or worked: the State Council's notices, and what can be said without one.

The notice for a year comes in the autumn before it. `chinesecalendar` carries them from 2004 on; its newest release
decides which year is the last.
"""

from collections.abc import Iterable
from datetime import date

from chinese_calendar import get_solar_terms
from chinese_calendar.constants import holidays, workdays

# 全国年节及纪念日放假办法 (State Council Decree 795, in force since 2025): the festivals with a fixed date.
_FIXED = ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3))
# The same since 1999; a notice that lacks one of these is not a whole year's.
_ALWAYS = ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3))
# The next year's notice may reach back this far (2018-12-29 was worked, 2022-12-31 was free: both by the later notice).
YEAR_END = (12, 29)


def covers_year(year: int, free: Iterable[date]) -> bool:
    """Whether `free` is a whole year's notice rather than a few days of it."""
    named = {(day.month, day.day) for day in free if day.year == year}
    return named.issuperset(_ALWAYS)


def notices() -> tuple[dict[date, bool], frozenset[int]]:
    """Every exception to Monday-to-Friday that was published (True: worked), and the years they are whole for."""
    exceptions = dict.fromkeys(holidays, False) | dict.fromkeys(workdays, True)
    years = {day.year for day in holidays}
    return exceptions, frozenset(year for year in years if covers_year(year, holidays))


def foreseen(year: int) -> set[date]:
    """Free days of a year without a notice: those of fixed date, and 清明, which is a solar term.

    春节, 端午 and 中秋 follow the lunar calendar, which the library does not compute; they are left out, and so is every
    swap, which nobody can know. That is why answers about such a year are provisional.
    """
    free = {date(year, month, day) for month, day in _FIXED}
    if 1901 <= year <= 2099:  # the formula of the library holds for these
        free |= {day for day, term in get_solar_terms(date(year, 4, 1), date(year, 4, 30)) if term == "清明"}
    return free
