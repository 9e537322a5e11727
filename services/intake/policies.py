"""What each community has decided for itself, read from its settings when a process starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.intake.activities.terms import Terms as ActivityTerms
from services.intake.attachments.rules import AttachmentTerms
from services.intake.duplicates.terms import Terms as DuplicateTerms
from services.intake.hot_spots.rules import Terms as HotSpotTerms
from services.intake.open_data.rules import Publishing
from services.intake.points.rules import PointTerms
from services.intake.requests.limits import Terms
from services.intake.retention.rules import Periods
from services.intake.understanding.rules import Terms as ReadingTerms
from shared.tenants import Tenants

_SETTINGS = frozenset(
    {
        "activities",
        "anonymous",
        "attachments",
        "duplicates",
        "hot_spots",
        "limits",
        "open311",
        "open_data",
        "points",
        "retention",
        "understanding",
    }
)


@dataclass(frozen=True, slots=True)
class Policy:
    """One community's: its tables `[<tenant>.intake.<name>]` over the defaults."""

    activities: ActivityTerms
    anonymous: bool
    """It takes requests of people who do not say who they are."""
    attachments: AttachmentTerms
    duplicates: DuplicateTerms
    hot_spots: HotSpotTerms
    limits: Terms
    points: PointTerms
    publishing: Publishing
    """Its tables `open311` and `open_data`."""
    retention: Periods
    """How long it keeps what."""
    understanding: ReadingTerms

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Policy":
        """Raises ValueError that names the setting at fault."""
        unknown = settings.keys() - _SETTINGS
        if unknown:
            raise ValueError(f"intake has no setting {min(unknown)!r}")
        anonymous = settings.get("anonymous", False)
        if not isinstance(anonymous, bool):
            raise ValueError("anonymous: true or false")
        return cls(
            activities=ActivityTerms.of(settings.get("activities", {})),
            anonymous=anonymous,
            attachments=AttachmentTerms.of(settings.get("attachments", {})),
            duplicates=DuplicateTerms.of(settings.get("duplicates", {})),
            hot_spots=HotSpotTerms.of(settings.get("hot_spots", {})),
            limits=Terms.of(settings.get("limits", {})),
            points=PointTerms.of(settings.get("points", {})),
            publishing=Publishing.of(settings),
            retention=Periods.of(settings.get("retention", {})),
            understanding=ReadingTerms.of(settings.get("understanding", {})),
        )


class Policies:
    """The policy of every community."""

    def __init__(self, tenants: Tenants) -> None:
        """Raises ValueError that names the tenant and the setting at fault."""
        self._of: Mapping[str, Policy] = MappingProxyType({id: _policy(tenants, id) for id in tenants})

    def of(self, tenant: str) -> Policy:
        return self._of[tenant]

    def knows(self, tenant: str) -> bool:
        """Whether there is such a community: for routes that anybody may call."""
        return tenant in self._of


def _policy(tenants: Tenants, id: str) -> Policy:
    try:
        return Policy.of(tenants[id].settings.get("intake", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None
