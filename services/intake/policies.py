"""What each community has decided for itself, read from its settings when a process starts."""

from collections.abc import Mapping
from types import MappingProxyType

from services.intake.requests.limits import Terms
from shared.tenants import Tenants


class Policies:
    """The terms of every tenant: its table `intake.limits` over the defaults."""

    def __init__(self, tenants: Tenants) -> None:
        """Raises ValueError that names the tenant and the setting at fault."""
        self._terms: Mapping[str, Terms] = MappingProxyType({id: _terms(tenants, id) for id in tenants})

    def terms(self, tenant: str) -> Terms:
        return self._terms[tenant]


def _terms(tenants: Tenants, id: str) -> Terms:
    settings = tenants[id].settings.get("intake", {})
    unknown = set(settings) - {"limits"}
    if unknown:
        raise ValueError(f"tenant {id!r}: intake has no setting {min(unknown)!r}")
    try:
        return Terms.of(settings.get("limits", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from None
