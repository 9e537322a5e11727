"""Our own keys: the local issuer of a laptop, and the tokens that services show each other."""

import json
import stat
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from shared.security import (
    LOCAL_ISSUER,
    LocalIssuer,
    NoServiceKey,
    Role,
    ServiceTokens,
    TokenVerifier,
    UnsafeIssuer,
    trusted_issuers,
)
from shared.security.local_issuer import JWKS_FILE, KEY_FILE
from shared.security.refusals import TokenExpired, TokenInvalid
from shared.security.signing import SigningKey, SigningKeyUnusable
from shared.security.tokens import Verified
from shared.settings import Issuer
from shared.testing.clock import FrozenClock
from tests.support.web import TENANTS, Settings


def local(issuer: LocalIssuer) -> Issuer:
    return Issuer(issuer=issuer.issuer, jwks_file=issuer.jwks_file)


def verify_with(settings: Settings, clock: FrozenClock) -> Callable[[str], Awaitable[Verified]]:
    return TokenVerifier(trusted_issuers(settings, httpx.AsyncClient(), clock), TENANTS, clock).verify


def test_the_private_key_is_for_its_owner_only(tmp_path: Path) -> None:
    LocalIssuer(tmp_path / "issuer")
    assert stat.S_IMODE((tmp_path / "issuer").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "issuer" / KEY_FILE).stat().st_mode) == 0o600
    public = (tmp_path / "issuer" / JWKS_FILE).read_text()
    assert '"d"' not in public
    assert {path.name for path in (tmp_path / "issuer").iterdir()} == {KEY_FILE, JWKS_FILE}


async def test_keys_are_made_once(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    first = LocalIssuer(tmp_path, clock=frozen_clock)
    token = first.mint("longxi", "worker-1", [Role.WORKER])
    again = LocalIssuer(tmp_path, clock=frozen_clock)
    verified = await verify_with(Settings(oidc_issuers=[local(again)]), frozen_clock)(token)
    assert (verified.subject, verified.roles) == ("worker-1", frozenset({Role.WORKER}))


def test_many_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        issuers = list(pool.map(lambda _: LocalIssuer(tmp_path), range(16)))
    assert len({issuer.mint("longxi", "a", [], jti="1", iat=0, nbf=0, exp=1) for issuer in issuers}) == 1


async def test_a_minted_token_ends_when_it_says(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    issuer = LocalIssuer(tmp_path, clock=frozen_clock)
    verify = verify_with(Settings(oidc_issuers=[local(issuer)]), frozen_clock)
    token = issuer.mint("longxi", "a", [Role.WORKER], timedelta(minutes=1))
    frozen_clock.advance(timedelta(seconds=89))
    await verify(token)
    frozen_clock.advance(timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        await verify(token)


async def test_services_show_each_other_short_tokens(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    SigningKey.write_new(tmp_path / "service.json")
    settings = Settings(service_key_file=tmp_path / "service.json")
    tokens = ServiceTokens(settings, clock=frozen_clock, subject="notifications")
    token = tokens.headers("longxi")["Authorization"].removeprefix("Bearer ")
    verify = verify_with(settings, frozen_clock)
    verified = await verify(token)
    assert (verified.subject, verified.tenant, verified.roles) == (
        "notifications",
        "longxi",
        frozenset({Role.SERVICE}),
    )
    frozen_clock.advance(timedelta(minutes=5, seconds=30))
    with pytest.raises(TokenExpired):
        await verify(token)


def test_a_service_token_is_used_again_and_renewed_in_time(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    SigningKey.write_new(tmp_path / "service.json")
    tokens = ServiceTokens(Settings(service_key_file=tmp_path / "service.json"), clock=frozen_clock)
    first = tokens.headers("longxi")
    frozen_clock.advance(timedelta(minutes=3, seconds=59))
    assert tokens.headers("longxi") == first
    assert tokens.headers("yuhu") != first
    frozen_clock.advance(timedelta(seconds=1))
    assert tokens.headers("longxi") != first


def test_without_a_key_a_service_cannot_call_another() -> None:
    with pytest.raises(NoServiceKey):
        ServiceTokens(Settings()).headers("longxi")


async def test_no_other_issuer_can_make_a_service(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    public = LocalIssuer(tmp_path / "public", issuer="https://id.example", clock=frozen_clock)
    SigningKey.write_new(tmp_path / "service.json")
    settings = Settings(oidc_issuers=[local(public)], service_key_file=tmp_path / "service.json")
    verify = verify_with(settings, frozen_clock)
    token = public.mint("longxi", "intruder", [Role.SERVICE, Role.RESIDENT])
    assert (await verify(token)).roles == {Role.RESIDENT}
    with pytest.raises(TokenInvalid):
        await verify(public.mint("longxi", "intruder", [Role.SERVICE], iss=settings.service_issuer))


async def test_the_platforms_own_issuer_makes_services_only(
    tmp_path: Path, frozen_clock: FrozenClock
) -> None:
    own = LocalIssuer(tmp_path, issuer="longxi-services", clock=frozen_clock)
    verify = verify_with(Settings(oidc_issuers=[local(own)]), frozen_clock)
    verified = await verify(own.mint("longxi", "intake", [Role.SERVICE, Role.OPERATOR]))
    assert verified.roles == {Role.SERVICE}


def test_production_does_not_trust_a_laptops_issuer(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    entries = [
        Issuer(issuer=LOCAL_ISSUER, jwks_file=tmp_path / "jwks.json"),
        Issuer(issuer="https://id.example", jwks_url="http://id.example/jwks"),
    ]
    for entry in entries:
        with pytest.raises(UnsafeIssuer):
            trusted_issuers(Settings("production", [entry]), httpx.AsyncClient(), frozen_clock)


def test_an_issuer_is_configured_once(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    entry = local(LocalIssuer(tmp_path))
    with pytest.raises(ValueError, match="twice"):
        trusted_issuers(Settings(oidc_issuers=[entry, entry]), httpx.AsyncClient(), frozen_clock)


async def test_keys_come_by_url_too(tmp_path: Path, frozen_clock: FrozenClock) -> None:
    issuer = LocalIssuer(tmp_path, issuer="https://id.example", clock=frozen_clock)

    def serve(request: httpx.Request) -> httpx.Response:
        assert str(request.url) == "https://id.example/jwks"
        return httpx.Response(200, content=issuer.jwks_file.read_bytes())

    http = httpx.AsyncClient(transport=httpx.MockTransport(serve))
    settings = Settings("production", [Issuer(issuer=issuer.issuer, jwks_url="https://id.example/jwks")])
    verifier = TokenVerifier(trusted_issuers(settings, http, frozen_clock), TENANTS, frozen_clock)
    assert (await verifier.verify(issuer.mint("yuhu", "a", [Role.HEAD]))).tenant == "yuhu"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kty": "oct", "k": "eA", "kid": "a"}', "public"])
def test_a_file_without_a_private_key_is_refused(tmp_path: Path, content: str) -> None:
    if content == "public":
        issuer = LocalIssuer(tmp_path / "issuer")
        content = json.dumps(json.loads(issuer.jwks_file.read_text())["keys"][0])
    (tmp_path / "key.json").write_text(content)
    with pytest.raises(SigningKeyUnusable):
        SigningKey.load(tmp_path / "key.json")


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    SigningKey.write_new(tmp_path / "key.json")
    before = (tmp_path / "key.json").read_bytes()
    with pytest.raises(FileExistsError):
        SigningKey.write_new(tmp_path / "key.json")
    assert (tmp_path / "key.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
