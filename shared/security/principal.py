"""Who is calling, in which community, and what they may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a token says its bearer is. A service maps each to permissions in its `permissions.py`."""

    RESIDENT = "resident"
    WORKER = "worker"
    HEAD = "head"
    DISTRICT = "district"
    JUDICIAL = "judicial"
    PORTAL = "portal"
    SERVICE = "service"
    OPERATOR = "operator"


RolePermissions = Mapping[Role, frozenset[str]]
"""A service's `PERMISSIONS`: what each role may do there, as `<noun>:<verb>`."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a verified token or API key."""

    tenant: str
    subject: str
    """The token's `sub`, or `key:<id>` for an API key."""
    roles: frozenset[Role]
    permissions: frozenset[str]
    token_id: str | None = None
    """The token's `jti`, for the log; an API key's id."""
    per_minute: int | None = None
    """An API key's own rate limit; None leaves the limit of the role."""

    def may(self, *permissions: str) -> bool:
        """Whether any one of these permissions is held."""
        return any(permission in self.permissions for permission in permissions)


def permissions_of(roles: frozenset[Role], table: RolePermissions) -> frozenset[str]:
    """All that these roles may do together."""
    return frozenset().union(*(table.get(role, frozenset()) for role in roles))


__all__ = ["Principal", "Role", "RolePermissions", "permissions_of"]
