"""The tokens that services show each other: short, signed with the platform's own key, role `service`."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from shared.clock import Clock, system_clock
from shared.security.principal import Role
from shared.security.signing import AUDIENCE, SigningKey

LIFETIME = timedelta(minutes=5)
_RENEWED_BEFORE_END = timedelta(minutes=1)


class ServiceTokenSettings(Protocol):
    @property
    def service_key_file(self) -> Path | None: ...

    @property
    def service_issuer(self) -> str: ...


class NoServiceKey(Exception):
    """SERVICE_KEY_FILE is not set, so this service cannot call another."""


class ServiceTokens:
    """Tokens by tenant, each used again until shortly before its end."""

    def __init__(
        self, settings: ServiceTokenSettings, *, clock: Clock = system_clock, subject: str = "service"
    ) -> None:
        """`subject` is the calling service's name: what the other side writes into its access records."""
        self._key = SigningKey.load(settings.service_key_file) if settings.service_key_file else None
        self._issuer = settings.service_issuer
        self._subject = subject
        self._clock = clock
        self._tokens: dict[str, tuple[str, datetime]] = {}

    def headers(self, tenant: str) -> dict[str, str]:
        """The Authorization header of a call for this tenant. Raises NoServiceKey."""
        now = self._clock()
        token, until = self._tokens.get(tenant, ("", now))
        if until <= now:
            token = self._sign(tenant, now)
            self._tokens[tenant] = (token, now + LIFETIME - _RENEWED_BEFORE_END)
        return {"Authorization": f"Bearer {token}"}

    def _sign(self, tenant: str, now: datetime) -> str:
        if self._key is None:
            raise NoServiceKey("set SERVICE_KEY_FILE to the private JWK that signs calls between services")
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": self._subject,
            "tenant": tenant,
            "roles": [Role.SERVICE.value],
        }
        return self._key.sign(claims, now=now, lifetime=LIFETIME)


__all__ = ["LIFETIME", "NoServiceKey", "ServiceTokenSettings", "ServiceTokens"]
