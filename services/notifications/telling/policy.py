"""A tenant's own choices about messages: the table `[<tenant>.notifications]` of the tenants' file.

[longxi.notifications]
heads = ["0190…"]              # workers who are told what a head has to know
quiet_start = 21:30:00         # Asia/Shanghai
quiet_end = 07:30:00
sms_signature = "龙溪社区"      # as registered with the provider
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any
from uuid import UUID

from services.notifications.sending.rules import QuietHours
from shared.refusals import Language
from shared.tenants import Tenant, Tenants


@dataclass(frozen=True, slots=True)
class Policy:
    name_zh: str
    name_en: str
    sms_signature: str
    heads: tuple[UUID, ...] = ()
    quiet_hours: QuietHours = field(default_factory=QuietHours)

    def community(self, language: Language) -> str:
        return self.name_zh if language == "zh" else self.name_en


def policy_of(tenant: Tenant) -> Policy:
    """Raises ValueError that names the tenant and the setting at fault."""
    table: Mapping[str, Any] = tenant.settings.get("notifications", {})
    unknown = table.keys() - {"heads", "quiet_start", "quiet_end", "sms_signature"}
    if unknown:
        raise ValueError(f"tenant {tenant.id!r}: unknown setting notifications.{sorted(unknown)[0]}")
    quiet = QuietHours(
        start=_time(tenant, table, "quiet_start", QuietHours().start),
        end=_time(tenant, table, "quiet_end", QuietHours().end),
    )
    try:
        heads = tuple(UUID(head) for head in table.get("heads", ()))
    except (AttributeError, TypeError, ValueError):
        raise ValueError(
            f"tenant {tenant.id!r}: notifications.heads is not a list of ids of workers"
        ) from None
    return Policy(tenant.name_zh, tenant.name_en, table.get("sms_signature", tenant.name_zh), heads, quiet)


def policies_of(tenants: Tenants) -> dict[str, Policy]:
    return {id: policy_of(tenants[id]) for id in tenants}


def _time(tenant: Tenant, table: Mapping[str, Any], setting: str, default: time) -> time:
    value = table.get(setting, default)
    if not isinstance(value, time):
        raise ValueError(f"tenant {tenant.id!r}: notifications.{setting} is not a time like 21:30:00")
    return value
