"""What each community has decided for itself, read from its settings when a process starts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

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


class Policies:
    """The terms of every tenant: its table `intake.limits` over the defaults."""

    def __init__(self, tenants: Tenants) -> None:
        """Raises ValueError that names the tenant and the setting at fault."""
        self._terms: Mapping[str, Terms] = MappingProxyType({id: _terms(tenants, id) for id in tenants})
        self._points: Mapping[str, PointTerms] = MappingProxyType(
            {id: _point_terms(tenants, id) for id in tenants}
        )
        self._retention: Mapping[str, Periods] = MappingProxyType(
            {id: _retention(tenants, id) for id in tenants}
        )
        self._channels: Mapping[str, _Channels] = MappingProxyType(
            {id: _channels(tenants, id) for id in tenants}
        )

        self._alike: Mapping[str, _Alike] = MappingProxyType({id: _alike(tenants, id) for id in tenants})

    def retention(self, tenant: str) -> Periods:
        """How long the community keeps what."""
        return self._retention[tenant]

    def points(self, tenant: str) -> PointTerms:
        return self._points[tenant]

    def knows(self, tenant: str) -> bool:
        """Whether there is such a community: for routes that anybody may call."""
        return tenant in self._terms

    def terms(self, tenant: str) -> Terms:
        return self._terms[tenant]

    def anonymous(self, tenant: str) -> bool:
        """Whether the community takes requests of people who do not say who they are."""
        return self._channels[tenant].anonymous

    def publishing(self, tenant: str) -> Publishing:
        return self._channels[tenant].publishing

    def attachments(self, tenant: str) -> AttachmentTerms:
        return self._channels[tenant].attachments

    def activities(self, tenant: str) -> ActivityTerms:
        return self._channels[tenant].activities

    def duplicates(self, tenant: str) -> DuplicateTerms:
        return self._alike[tenant].duplicates

    def hot_spots(self, tenant: str) -> HotSpotTerms:
        return self._alike[tenant].hot_spots

    def understanding(self, tenant: str) -> ReadingTerms:
        return self._alike[tenant].understanding


class _Channels(NamedTuple):
    anonymous: bool
    publishing: Publishing
    attachments: AttachmentTerms
    activities: ActivityTerms


def _channels(tenants: Tenants, id: str) -> _Channels:
    settings = tenants[id].settings.get("intake", {})
    try:
        if not isinstance(settings.get("anonymous", False), bool):
            raise ValueError("anonymous: true or false")
        return _Channels(
            settings.get("anonymous", False),
            Publishing.of(settings),
            AttachmentTerms.of(settings.get("attachments", {})),
            ActivityTerms.of(settings.get("activities", {})),
        )
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None


class _Alike(NamedTuple):
    duplicates: DuplicateTerms
    hot_spots: HotSpotTerms
    understanding: ReadingTerms


def _alike(tenants: Tenants, id: str) -> _Alike:
    settings = tenants[id].settings.get("intake", {})
    try:
        return _Alike(
            DuplicateTerms.of(settings.get("duplicates", {})),
            HotSpotTerms.of(settings.get("hot_spots", {})),
            ReadingTerms.of(settings.get("understanding", {})),
        )
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None


def _terms(tenants: Tenants, id: str) -> Terms:
    settings = tenants[id].settings.get("intake", {})
    unknown = set(settings) - {
        "limits",
        "activities",
        "anonymous",
        "open311",
        "open_data",
        "attachments",
        "retention",
        "duplicates",
        "hot_spots",
        "points",
        "understanding",
    }
    if unknown:
        raise ValueError(f"tenant {id!r}: intake has no setting {min(unknown)!r}")
    try:
        return Terms.of(settings.get("limits", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None


def _retention(tenants: Tenants, id: str) -> Periods:
    try:
        return Periods.of(tenants[id].settings.get("intake", {}).get("retention", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None


def _point_terms(tenants: Tenants, id: str) -> PointTerms:
    try:
        return PointTerms.of(tenants[id].settings.get("intake", {}).get("points", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None
