"""What each community decides about duplicates: `[<tenant>.intake.duplicates]` over these defaults.

The score is measured (docs/figures/duplicates.md); the days are our own estimate, no regulation names them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Terms:
    offered_percent: int = 50
    """The least score, in hundredths, of a request that is offered to be joined."""
    separate_days: int = 7
    """After being joined: so long a resident may leave without waiting for what comes of it."""
    recent_days: int = 90
    """A request that has ended is still compared with until so long after it was filed."""

    @property
    def offered(self) -> float:
        return self.offered_percent / 100

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> "Terms":
        """Raises ValueError that names the setting at fault."""
        known = {field.name for field in fields(cls)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"intake.duplicates has no setting {name!r}")
            most = 100 if name == "offered_percent" else _MOST_DAYS
            if type(value) is not int or not 0 <= value <= most:
                raise ValueError(f"intake.duplicates.{name}: a whole number from 0 to {most}")
        return cls(**settings)  # type: ignore[arg-type]  # looked at above
