"""What each role may do here."""

from uuid import UUID

from shared.refusals import Forbidden
from shared.security import Principal, Role, RolePermissions

_OPERATIONS = frozenset({"operations:read", "operations:write", "keys:write"})
_AT_THE_DESK = frozenset(
    {
        "seekers:register",
        "seekers:read",
        "seekers:change",
        "seekers:exit",
        "seekers:serve",
        "vacancies:read",
        "vacancies:prepare",
        "vacancies:draft",
        "vacancies:check",
        "vacancies:publish",
        "vacancies:fill",
        "vacancies:close",
        "matches:read",
        "candidates:read",
        "summary:read",
    }
)

PERMISSIONS: RolePermissions = {
    Role.RESIDENT: frozenset(
        {
            "seekers:register",
            "seekers:read",
            "seekers:change",
            "seekers:exit",
            "vacancies:read",
            "matches:read",
        }
    ),
    Role.WORKER: _AT_THE_DESK,
    Role.HEAD: _AT_THE_DESK | {"keys:write"},
    Role.PORTAL: frozenset({"vacancies:read", "vacancies:draft", "seekers:register"}),
    Role.SERVICE: frozenset({"vacancies:read"}),
    Role.DISTRICT: frozenset({"vacancies:read", "summary:read", "operations:replay"}),
    Role.OPERATOR: _OPERATIONS | {"summary:read"},
}
"""`vacancies:prepare` shows what is not published yet; a resident's permissions reach only what is the resident's own."""


def limited_to(principal: Principal) -> UUID | None:
    """The resident whose own things are all that the caller may see and change; None for those who work here.

    A resident's token has the resident's id as its subject. Raises Forbidden for one that has not.
    """
    if principal.roles != {Role.RESIDENT}:
        return None
    try:
        return UUID(principal.subject)
    except ValueError:
        raise Forbidden from None
