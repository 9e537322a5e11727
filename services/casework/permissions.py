"""Who may do what in casework. A worker moves only the own cases; the actions see to that.

`workers:list` is what opens names: an assignment is explained to others by staff numbers.
"""

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
        "keys:write",
    },
    Role.PORTAL: frozenset({"grids:read"}),
    Role.DISTRICT: frozenset({"grids:read", "operations:replay"}),
    Role.SERVICE: frozenset({"grids:read", "cases:read", "assignments:read", "contacts:read"}),
    Role.OPERATOR: frozenset(
        {"grids:read", "cases:read", "assignments:read", "operations:read", "operations:write", "keys:write"}
    ),
}
