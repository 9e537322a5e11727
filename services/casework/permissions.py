"""Who may do what in casework. A worker moves only the own cases; the actions see to that."""

from shared.security.principal import Role, RolePermissions

_STAFF = frozenset({"workers:list", "grids:read", "cases:read", "assignments:read"})

PERMISSIONS: RolePermissions = {
    Role.WORKER: _STAFF | {"cases:work", "day:read", "absences:report"},
    Role.HEAD: _STAFF
    | {
        "workers:read",
        "workers:write",
        "workload:read",
        "day:read",
        "absences:write",
        "grids:write",
        "cases:decide",
        "calendar:read",
    },
    Role.PORTAL: frozenset({"grids:read"}),
    Role.DISTRICT: frozenset({"grids:read"}),
    Role.SERVICE: frozenset({"grids:read", "cases:read", "assignments:read", "contacts:read"}),
    Role.OPERATOR: frozenset(
        {"grids:read", "cases:read", "assignments:read", "operations:read", "operations:write"}
    ),
}
