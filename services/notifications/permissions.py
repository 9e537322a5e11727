"""Who may do what in notifications. An inbox, preferences and webhooks are the caller's own; the actions see to that."""

from shared.security import Role, RolePermissions

_PERSON = frozenset({"inbox:read", "preferences:write"})

PERMISSIONS: RolePermissions = {
    Role.RESIDENT: _PERSON,
    Role.WORKER: _PERSON | {"messages:read"},
    Role.HEAD: _PERSON | {"messages:read"},
    Role.PORTAL: frozenset({"webhooks:manage"}),
    Role.SERVICE: frozenset({"messages:read"}),
    Role.DISTRICT: frozenset({"messages:read", "webhooks:manage", "operations:replay"}),
    Role.OPERATOR: frozenset({"messages:read", "operations:read", "operations:write"}),
}
