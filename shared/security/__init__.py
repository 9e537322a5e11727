"""Who may do what: tokens and API keys, roles and permissions, declared at each route."""

from shared.security.authentication import Authenticator
from shared.security.local_issuer import LOCAL_ISSUER, LocalIssuer
from shared.security.permits import RoutePermission, UndeclaredRoute, permit, public_route, route_permissions
from shared.security.principal import Principal, Role, RolePermissions
from shared.security.service_tokens import NoServiceKey, ServiceTokens
from shared.security.tokens import TokenVerifier
from shared.security.trust import UnsafeIssuer, trusted_issuers

__all__ = [
    "LOCAL_ISSUER",
    "Authenticator",
    "LocalIssuer",
    "NoServiceKey",
    "Principal",
    "Role",
    "RolePermissions",
    "RoutePermission",
    "ServiceTokens",
    "TokenVerifier",
    "UndeclaredRoute",
    "UnsafeIssuer",
    "permit",
    "public_route",
    "route_permissions",
    "trusted_issuers",
]
