"""Whose tokens are taken, from the settings of a service."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Protocol

import httpx

from shared.clock import Clock
from shared.security.keysets import Fetch, KeySet, from_file, from_url
from shared.security.local_issuer import LOCAL_ISSUER
from shared.security.principal import Role
from shared.security.signing import AUDIENCE, SigningKey
from shared.security.tokens import ClaimNames, TrustedIssuer


class IssuerSettings(Protocol):
    """One entry of OIDC_ISSUERS; it may also have `tenant_claim` and `roles_claim`."""

    @property
    def issuer(self) -> str: ...

    @property
    def audience(self) -> str: ...

    @property
    def jwks_url(self) -> str | None: ...

    @property
    def jwks_file(self) -> Path | None: ...


class TrustSettings(Protocol):
    @property
    def mode(self) -> Literal["development", "production"]: ...

    @property
    def oidc_issuers(self) -> Sequence[IssuerSettings]: ...

    @property
    def service_key_file(self) -> Path | None: ...

    @property
    def service_jwks_file(self) -> Path | None: ...

    @property
    def service_issuer(self) -> str: ...


class UnsafeIssuer(ValueError):
    """An issuer that production mode must not trust."""


def trusted_issuers(settings: TrustSettings, http: httpx.AsyncClient, clock: Clock) -> list[TrustedIssuer]:
    """The configured issuers, and the platform's own if a service key is set and it is not among them.

    Only the platform's own issuer may make anyone a service: an identity provider for people that can be talked into
    a role named `service` opens nothing. Raises UnsafeIssuer.
    """
    issuers = [_trusted(entry, settings, http, clock) for entry in settings.oidc_issuers]
    if settings.service_key_file and settings.service_issuer not in {trusted.issuer for trusted in issuers}:
        public = settings.service_jwks_file
        fetch = from_file(public) if public else _public_part(settings.service_key_file)
        own = frozenset({Role.SERVICE})
        issuers.append(TrustedIssuer(settings.service_issuer, AUDIENCE, KeySet(fetch, clock), own))
    _refuse_doubles(trusted.issuer for trusted in issuers)
    return issuers


def _trusted(
    entry: IssuerSettings, settings: TrustSettings, http: httpx.AsyncClient, clock: Clock
) -> TrustedIssuer:
    if settings.mode == "production":
        _refuse_unsafe(entry)
    if entry.jwks_file is not None:
        fetch = from_file(entry.jwks_file)
    elif entry.jwks_url is not None:
        fetch = from_url(entry.jwks_url, http)
    else:
        raise ValueError(f"issuer {entry.issuer}: give jwks_url or jwks_file")
    return TrustedIssuer(
        issuer=entry.issuer,
        audience=entry.audience,
        keys=KeySet(fetch, clock),
        roles=_roles_from(entry.issuer, settings),
        claims=_claim_names(entry),
    )


def _claim_names(entry: IssuerSettings) -> ClaimNames:
    usual = ClaimNames()
    return ClaimNames(
        tenant=getattr(entry, "tenant_claim", usual.tenant), roles=getattr(entry, "roles_claim", usual.roles)
    )


def _roles_from(issuer: str, settings: TrustSettings) -> frozenset[Role]:
    """The local issuer of a laptop signs for everyone; production mode has refused it by now."""
    if issuer == settings.service_issuer:
        return frozenset({Role.SERVICE})
    return frozenset(Role) if issuer == LOCAL_ISSUER else frozenset(Role) - {Role.SERVICE}


def _refuse_unsafe(entry: IssuerSettings) -> None:
    if entry.issuer == LOCAL_ISSUER:
        raise UnsafeIssuer(
            f"the local issuer {LOCAL_ISSUER!r} signs for anyone; production mode does not trust it"
        )
    if entry.jwks_url is not None and not entry.jwks_url.startswith("https://"):
        raise UnsafeIssuer(f"issuer {entry.issuer}: in production mode its keys are fetched by https only")


def _refuse_doubles(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"issuer {name} is configured twice")
        seen.add(name)


def _public_part(path: Path) -> Fetch:
    async def fetch() -> bytes:
        return json.dumps({"keys": [SigningKey.load(path).public]}).encode()

    return fetch


__all__ = ["IssuerSettings", "TrustSettings", "UnsafeIssuer", "trusted_issuers"]
