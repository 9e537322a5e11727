"""Months as the calendar on the wall in Shanghai has them."""

from datetime import date, datetime, time

from shared.calendar import SHANGHAI


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first moment of month `first` to the first moment after month `last`; both by their first days."""
    return _midnight(first), _midnight(later(last, 1))


def later(month: date, months: int) -> date:
    """So many months after it; before it where negative."""
    years, index = divmod(month.year * 12 + month.month - 1 + months, 12)
    return date(years, index + 1, 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)
