"""How long what is kept, as a community has decided it over the defaults. Plain Python.

PIPL article 19: no longer than the purpose needs. None of the regulations names years for these, so the defaults are our
own: five years cover the limits within which somebody may still complain of how a request was handled.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from shared.calendar import SHANGHAI

_MONTHS = 12
_LONGEST = 100 * _MONTHS


@dataclass(frozen=True, slots=True)
class Periods:
    """In months. The setting `[<tenant>.intake.retention]`."""

    words: int = 5 * _MONTHS
    """The words of a request, after it was closed; the request stays to be counted."""
    reads: int = 3 * _MONTHS
    """Who read what of whom."""
    residents: int = 5 * _MONTHS
    """A resident who asked for nothing and took part in nothing."""
    dry: bool = False
    """The nightly run counts, and changes nothing."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Periods":
        """Raises ValueError that names the setting at fault."""
        known = {field.name for field in fields(cls)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"intake.retention has no setting {name!r}")
            months = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LONGEST
            if not (isinstance(value, bool) if name == "dry" else months):
                raise ValueError(
                    f"intake.retention: {name} = {value!r} is not {'true or false' if name == 'dry' else 'a number of months'}"
                )
        return cls(**settings)

    def months(self) -> dict[str, int]:
        return {name: value for name, value in asdict(self).items() if name != "dry"}


def months_before(now: datetime, months: int) -> datetime:
    """The same time of day so many months ago, in Shanghai; the month's last day where it has no such day."""
    local = now.astimezone(SHANGHAI)
    year, month = divmod(local.year * _MONTHS + local.month - 1 - months, _MONTHS)
    for day in range(local.day, local.day - 4, -1):
        try:
            return local.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")
