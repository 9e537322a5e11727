"""Which community a call is about: a tenant, by its id or by the name that its settings give it."""

from dataclasses import dataclass

from services.intake.open311.refusals import JurisdictionMissing, JurisdictionUnknown
from services.intake.open_data.rules import Publishing
from services.intake.policies import Policies
from shared.tenants import Tenant, Tenants


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    tenant: Tenant
    publishing: Publishing


class Jurisdictions:
    """Those communities for which the endpoint answers."""

    def __init__(self, tenants: Tenants, policies: Policies) -> None:
        """Raises ValueError where two have the same name."""
        self._by_name: dict[str, Jurisdiction] = {}
        self._all: list[Jurisdiction] = []
        for id in tenants:
            publishing = policies.of(id).publishing
            if not publishing.open311:
                continue
            one = Jurisdiction(tenants[id], publishing)
            self._all.append(one)
            for name in dict.fromkeys(filter(None, (id, publishing.jurisdiction))):
                if name in self._by_name:
                    raise ValueError(f"open311.jurisdiction: {name!r} is the name of two tenants")
                self._by_name[name] = one

    def named(self, name: str | None) -> Jurisdiction:
        """Without a name the only one there is. Raises JurisdictionMissing, JurisdictionUnknown."""
        if name:
            if name not in self._by_name:
                raise JurisdictionUnknown(field="jurisdiction_id")
            return self._by_name[name]
        if not self._all:
            raise JurisdictionUnknown(field="jurisdiction_id")
        if len(self._all) > 1:
            raise JurisdictionMissing(field="jurisdiction_id")
        return self._all[0]
