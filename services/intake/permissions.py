"""Who may do what in intake. Each permission stands at the routes that ask for it."""

from types import MappingProxyType

from shared.security import Role, RolePermissions

_OPERATIONS = frozenset({"operations:read", "operations:write", "keys:write"})

PERMISSIONS: RolePermissions = MappingProxyType(
    {
        # Their own record and their own requests only: the routes narrow every one of these.
        Role.RESIDENT: frozenset(
            {
                "requests:file",
                "requests:read",
                "requests:withdraw",
                "requests:reopen",
                "requests:rate",
                "residents:read",
                "residents:change",
                "residents:reads",
                "residents:erase",
            }
        ),
        Role.WORKER: frozenset(
            {
                "requests:file",
                "requests:read",
                "requests:decide",
                "requests:verify",
                "requests:close",
                "requests:rate",
                "requests:reclassify",
                "residents:create",
                "residents:read",
                "residents:change",
                "residents:find",
            }
        ),
        Role.HEAD: frozenset(
            {
                "requests:file",
                "requests:read",
                "requests:decide",
                "requests:redispatch",
                "requests:verify",
                "requests:close",
                "requests:reopen",
                "requests:rate",
                "requests:reclassify",
                "requests:relax",
                "requests:exclude",
                "requests:import",
                "residents:create",
                "residents:read",
                "residents:change",
                "residents:find",
                "residents:reads",
                "residents:erase",
            }
        ),
        Role.DISTRICT: frozenset({"requests:read", "operations:replay"}),
        # Acts for residents: hotline 12345, a WeChat mini-program, a neighbouring system.
        Role.PORTAL: frozenset(
            {
                "requests:file",
                "requests:read",
                "requests:withdraw",
                "requests:reopen",
                "requests:rate",
                "requests:import",
                "residents:create",
                "residents:change",
                "residents:find",
            }
        ),
        Role.SERVICE: frozenset({"requests:read", "contacts:read"}),
        Role.OPERATOR: frozenset({"requests:read", "requests:import"}) | _OPERATIONS,
    }
)
