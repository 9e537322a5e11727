"""What each community decides for its activities: `[<tenant>.intake.activities]` over these defaults.

The defaults are our own estimate; no regulation names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

_MOST = 24 * 365


@dataclass(frozen=True, slots=True)
class Terms:
    leave_hours: int = 24
    """Before the beginning: until then a place is given back without being counted as late."""
    decline_hours: int = 24
    """After moving up, and after a change of time: so long may everybody give the place back freely."""
    absences: int = 3
    """So many times absent within `absence_days`, and only a worker signs the person up; 0 switches it off."""
    absence_days: int = 90

    @property
    def leave(self) -> timedelta:
        return timedelta(hours=self.leave_hours)

    @property
    def decline(self) -> timedelta:
        return timedelta(hours=self.decline_hours)

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> "Terms":
        """Raises ValueError that names the setting at fault."""
        known = {field.name for field in fields(cls)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"intake.activities has no setting {name!r}")
            if type(value) is not int or not 0 <= value <= _MOST:
                raise ValueError(f"intake.activities.{name}: a whole number from 0 to {_MOST}")
        return cls(**settings)  # type: ignore[arg-type]  # looked at above
