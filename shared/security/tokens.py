"""JSON Web Tokens of OIDC issuers: RFC 7519, checked as RFC 8725 (best current practice) asks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from jwt import PyJWTError

from shared.clock import Clock
from shared.security.keysets import ALGORITHMS, KeySet, KeysUnavailable
from shared.security.principal import Role
from shared.security.refusals import IssuerUnavailable, TokenExpired, TokenInvalid
from shared.tenants import Tenants

LEEWAY = timedelta(seconds=30)
_MAX_BYTES = 8192
_MAX_SUBJECT = 255
_ROLES = {role.value: role for role in Role}


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Where an issuer puts what we need; a dot goes one level down (`realm_access.roles`)."""

    tenant: str = "tenant"
    roles: str = "roles"


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer whose tokens are taken. `roles` bounds what it may make anyone."""

    issuer: str
    audience: str
    keys: KeySet
    roles: frozenset[Role] = frozenset(Role)
    claims: ClaimNames = field(default_factory=ClaimNames)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a good token says."""

    issuer: str
    subject: str
    tenant: str
    roles: frozenset[Role]
    token_id: str | None
    expires: datetime


class TokenVerifier:
    """Checks signature, issuer, audience, times and claims. What is wrong with a token is never said to its bearer."""

    def __init__(self, issuers: Sequence[TrustedIssuer], tenants: Tenants, clock: Clock) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._tenants = tenants
        self._clock = clock

    async def verify(self, token: str) -> Verified:
        """Raises TokenInvalid, TokenExpired, UnknownTenant or IssuerUnavailable."""
        if len(token) > _MAX_BYTES:
            raise TokenInvalid
        header, claimed = _unverified(token)
        algorithm = header.get("alg")
        issuer = self._issuers.get(_text(claimed.get("iss")))
        if issuer is None or algorithm not in ALGORITHMS:
            raise TokenInvalid
        try:
            key = await issuer.keys.key(_optional_text(header.get("kid")))
        except KeysUnavailable:
            raise IssuerUnavailable from None
        # The key decides the algorithm, never the token's header (RFC 8725, section 3.1).
        if key is None or key.algorithm_name != algorithm:
            raise TokenInvalid
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=issuer.audience,
                issuer=issuer.issuer,
                # Times are checked below, against our own clock.
                options={
                    "require": ["exp", "iss", "aud", "sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except PyJWTError:
            raise TokenInvalid from None
        return self._accept(claims, issuer)

    def _accept(self, claims: Mapping[str, Any], issuer: TrustedIssuer) -> Verified:
        expires = self._check_times(claims)
        subject = _text(claims.get("sub"))
        tenant = _text(_claim(claims, issuer.claims.tenant))
        named = _claim(claims, issuer.claims.roles)
        if not 0 < len(subject) <= _MAX_SUBJECT or not subject.isprintable() or not tenant:
            raise TokenInvalid
        if not isinstance(named, list):
            raise TokenInvalid
        # An identity provider has roles of its own besides ours; those mean nothing here.
        known = frozenset(_ROLES[name] for name in named if isinstance(name, str) and name in _ROLES)
        self._tenants[tenant]  # raises UnknownTenant
        token_id = claims.get("jti")
        return Verified(
            issuer=issuer.issuer,
            subject=subject,
            tenant=tenant,
            roles=known & issuer.roles,
            token_id=token_id if isinstance(token_id, str) else None,
            expires=expires,
        )

    def _check_times(self, claims: Mapping[str, Any]) -> datetime:
        now = self._clock()
        expires = _moment(claims["exp"])
        if expires + LEEWAY <= now:
            raise TokenExpired
        for name in ("nbf", "iat"):
            if name in claims and _moment(claims[name]) - LEEWAY > now:
                raise TokenInvalid
        return expires


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they stand, only to find whose keys to check them with."""
    try:
        complete = jwt.decode_complete(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, json.JSONDecodeError, RecursionError):
        raise TokenInvalid from None
    return complete["header"], complete["payload"]


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _optional_text(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TokenInvalid
    return value


def _moment(value: Any) -> datetime:
    """A NumericDate. `true` and text are not numbers, and a time past the year 9999 is not a time."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenInvalid
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise TokenInvalid from None


__all__ = ["LEEWAY", "ClaimNames", "TokenVerifier", "TrustedIssuer", "Verified"]
