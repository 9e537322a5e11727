"""The caller as an actor, and what is a resident's own."""

from uuid import UUID

from services.intake.actor import Actor
from shared.refusals import Forbidden
from shared.security import Principal, Role

_BY_WEIGHT = (
    Role.HEAD,
    Role.WORKER,
    Role.DISTRICT,
    Role.JUDICIAL,
    Role.PORTAL,
    Role.SERVICE,
    Role.OPERATOR,
    Role.RESIDENT,
)


class NoResidentId(Forbidden):
    """A token of the role `resident` whose subject is not a resident's id."""

    type = "token-without-resident"
    zh = "您的登录信息未关联居民档案，请联系社区。"
    en = "Your token does not belong to a resident's record; ask the community."


def actor_of(principal: Principal) -> Actor:
    """The caller in the weightiest of the roles they hold."""
    role = next((role for role in _BY_WEIGHT if role in principal.roles), Role.RESIDENT)
    return Actor(role.value, principal.subject)


def own_resident(principal: Principal) -> UUID | None:
    """The only resident that the caller may see and act for; None for whoever works for the community.

    Raises NoResidentId.
    """
    if principal.roles - {Role.RESIDENT}:
        return None
    try:
        return UUID(principal.subject)
    except ValueError:
        raise NoResidentId from None
