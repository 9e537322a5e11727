"""From the Authorization header to a Principal.

Checking a signature costs about 100 µs and a key a trip to the database, so what was verified is remembered: a token
for at most five minutes and never past its end, a key for seconds, which is how long a revoked key may live on.
"""

import hashlib
from datetime import timedelta

from shared.clock import Clock
from shared.database import Database
from shared.security.api_keys import PREFIX, find_key
from shared.security.bounded import Bounded
from shared.security.principal import Principal, Role, RolePermissions, permissions_of
from shared.security.refusals import TokenExpired, TokenInvalid, TokenMissing
from shared.security.tokens import LEEWAY, TokenVerifier
from shared.tenants import Tenants

TOKEN_REMEMBERED = timedelta(minutes=5)
"""So a signing key that an issuer withdraws is of no use five minutes later."""
KEY_REMEMBERED = timedelta(seconds=5)
_REMEMBERED = 10_000


class Authenticator:
    """Knows callers by their token or API key, and what the service lets their roles do."""

    def __init__(
        self,
        verifier: TokenVerifier,
        permissions: RolePermissions,
        *,
        database: Database,
        tenants: Tenants,
        clock: Clock,
    ) -> None:
        self._verifier = verifier
        self._permissions = permissions
        self._database = database
        self._tenants = tenants
        self._clock = clock
        # By digest, so that memory does not hold usable tokens.
        self._known: Bounded[bytes, Principal] = Bounded(_REMEMBERED)
        self._refused: Bounded[bytes, type[TokenInvalid] | type[TokenExpired]] = Bounded(_REMEMBERED)

    async def principal(self, authorization: bytes | None) -> Principal:
        """Raises TokenMissing, TokenInvalid, TokenExpired, UnknownTenant or IssuerUnavailable."""
        if not authorization:
            raise TokenMissing
        digest = hashlib.sha256(authorization).digest()
        known = self._known.get(digest, self._clock())
        if known is not None:
            return known
        token = _bearer(authorization)
        if token.startswith(PREFIX):
            return await self._by_key(token, digest)
        return await self._by_token(token, digest)

    def forget(self) -> None:
        """Drop all that is remembered: after a key was revoked here."""
        self._known.clear()
        self._refused.clear()

    async def _by_token(self, token: str, digest: bytes) -> Principal:
        verified = await self._verifier.verify(token)
        principal = Principal(
            tenant=verified.tenant,
            subject=verified.subject,
            roles=verified.roles,
            permissions=permissions_of(verified.roles, self._permissions),
            token_id=verified.token_id,
        )
        until = min(verified.expires + LEEWAY, self._clock() + TOKEN_REMEMBERED)
        self._known.put(digest, principal, until)
        return principal

    async def _by_key(self, text: str, digest: bytes) -> Principal:
        now = self._clock()
        if (refused := self._refused.get(digest, now)) is not None:
            raise refused
        key = await find_key(self._database, text, now)
        if key is None or not key.is_live(now) or key.tenant not in self._tenants:
            expired = key is not None and key.revoked_at is None and key.has_expired(now)
            reason = TokenExpired if expired else TokenInvalid
            self._refused.put(digest, reason, now + KEY_REMEMBERED)
            raise reason
        principal = Principal(
            tenant=key.tenant,
            subject=f"key:{key.id}",
            roles=frozenset({Role.PORTAL}),
            # A key never outgrows its role, should the role lose a permission after the key was made.
            permissions=key.permissions & self._permissions.get(Role.PORTAL, frozenset()),
            token_id=str(key.id),
            per_minute=key.per_minute,
        )
        until = now + KEY_REMEMBERED
        self._known.put(digest, principal, min(until, key.expires_at) if key.expires_at else until)
        return principal


def _bearer(authorization: bytes) -> str:
    """The credential of `Bearer <credential>` (RFC 6750, section 2.1; the scheme's case does not matter)."""
    scheme, _, credential = authorization.partition(b" ")
    if scheme.lower() != b"bearer":
        raise TokenMissing
    try:
        return credential.strip().decode("ascii")
    except UnicodeDecodeError:
        raise TokenInvalid from None


__all__ = ["KEY_REMEMBERED", "TOKEN_REMEMBERED", "Authenticator"]
