"""Only what a trusted issuer signed, for us, now, is a token."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from shared.security import LocalIssuer, Role, TokenVerifier
from shared.security.keysets import KeySet, from_file, parse_keys
from shared.security.refusals import IssuerUnavailable, TokenExpired, TokenInvalid
from shared.security.tokens import ClaimNames, TrustedIssuer
from shared.tenants import UnknownTenant
from shared.testing.clock import FrozenClock
from tests.support.web import TENANTS

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - to be refused
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
KEYS = {
    "keys": [
        RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True) | {"kid": "rsa", "use": "sig", "alg": "RS256"},
        ECAlgorithm.to_jwk(EC.public_key(), as_dict=True) | {"kid": "ec", "use": "sig"},
        OKPAlgorithm.to_jwk(ED.public_key(), as_dict=True) | {"kid": "ed", "use": "sig"},
    ]
}
ISSUER = "https://id.example"


async def keys() -> bytes:
    return json.dumps(KEYS).encode()


@pytest.fixture
def verifier(frozen_clock: FrozenClock) -> TokenVerifier:
    issuer = TrustedIssuer(ISSUER, "longxi", KeySet(keys, frozen_clock))
    return TokenVerifier([issuer], TENANTS, frozen_clock)


@pytest.fixture
def claims(frozen_clock: FrozenClock) -> dict[str, Any]:
    now = int(frozen_clock().timestamp())
    return {
        "iss": ISSUER,
        "aud": "longxi",
        "sub": "worker-1",
        "tenant": "longxi",
        "roles": ["worker", "offline_access"],
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "jti": "t-1",
    }


def sign(claims: dict[str, Any], key: Any = RSA, alg: str = "RS256", kid: str | None = "rsa") -> str:
    return jwt.encode(claims, key, algorithm=alg, headers={"kid": kid} if kid else None)


@pytest.mark.parametrize(
    ("key", "alg", "kid"), [(RSA, "RS256", "rsa"), (EC, "ES256", "ec"), (ED, "EdDSA", "ed")]
)
async def test_a_good_token_says_who_it_is(
    verifier: TokenVerifier, claims: dict[str, Any], key: Any, alg: str, kid: str
) -> None:
    verified = await verifier.verify(sign(claims, key, alg, kid))
    assert (verified.subject, verified.tenant, verified.token_id) == ("worker-1", "longxi", "t-1")
    assert verified.roles == {Role.WORKER}, "roles of the identity provider's own mean nothing here"


Change = Callable[[dict[str, Any]], dict[str, Any]]
BAD_CLAIMS: list[tuple[Change, type[Exception], str]] = [
    (lambda c: c | {"iss": "https://other.example"}, TokenInvalid, "another issuer"),
    (lambda c: c | {"iss": None}, TokenInvalid, "no issuer"),
    (lambda c: c | {"iss": [ISSUER]}, TokenInvalid, "a list of issuers"),
    (lambda c: c | {"aud": "another-app"}, TokenInvalid, "for another application"),
    (lambda c: without(c, "aud"), TokenInvalid, "for nobody in particular"),
    (lambda c: without(c, "exp"), TokenInvalid, "without an end"),
    (lambda c: c | {"exp": c["iat"] - 31}, TokenExpired, "expired, leeway included"),
    (lambda c: c | {"exp": True}, TokenInvalid, "true is no time"),
    (lambda c: c | {"exp": "tomorrow"}, TokenInvalid, "text is no time"),
    (lambda c: c | {"exp": 1e30}, TokenInvalid, "beyond the calendar"),
    (lambda c: c | {"nbf": c["iat"] + 31}, TokenInvalid, "not yet valid"),
    (lambda c: c | {"iat": c["iat"] + 31}, TokenInvalid, "issued in the future"),
    (lambda c: without(c, "sub"), TokenInvalid, "about nobody"),
    (lambda c: c | {"sub": ""}, TokenInvalid, "an empty subject"),
    (lambda c: c | {"sub": "x" * 256}, TokenInvalid, "a subject that fits no column"),
    (lambda c: c | {"sub": "a\x00b"}, TokenInvalid, "a subject that cannot be stored"),
    (lambda c: c | {"sub": 5}, TokenInvalid, "a number as subject"),
    (lambda c: without(c, "tenant"), TokenInvalid, "of no community"),
    (lambda c: c | {"tenant": ["longxi"]}, TokenInvalid, "of a list of communities"),
    (lambda c: c | {"tenant": "atlantis"}, UnknownTenant, "of a community that is not here"),
    (lambda c: c | {"tenant": "*"}, UnknownTenant, "the scope of infrastructure"),
    (lambda c: without(c, "roles"), TokenInvalid, "without roles"),
    (lambda c: c | {"roles": "worker"}, TokenInvalid, "roles that are no list"),
]


def without(claims: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in claims.items() if key != name}


@pytest.mark.parametrize(("change", "refusal", "why"), BAD_CLAIMS, ids=[why for *_, why in BAD_CLAIMS])
async def test_wrong_claims_are_refused(
    verifier: TokenVerifier, claims: dict[str, Any], change: Change, refusal: type[Exception], why: str
) -> None:
    changed = {key: value for key, value in change(claims).items() if value is not None}
    # PyJWT itself will not sign some of these.
    with pytest.raises(refusal) as raised:
        await verifier.verify(forge(changed))
    assert raised.type is refusal


def forge(claims: dict[str, Any]) -> str:
    """A well signed token with whatever claims."""
    header = _part({"alg": "RS256", "kid": "rsa", "typ": "JWT"})
    signed = f"{header}.{_part(claims)}"
    signature = jwt.get_algorithm_by_name("RS256").sign(signed.encode(), RSA)
    return f"{signed}.{_encode(signature)}"


def _part(content: dict[str, Any]) -> str:
    return _encode(json.dumps(content).encode())


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def test_thirty_seconds_of_difference_between_clocks_are_allowed(
    verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    now = claims["iat"]
    for change in ({"exp": now - 29}, {"nbf": now + 30}, {"iat": now + 30}):
        assert (await verifier.verify(sign(claims | change))).subject == "worker-1"


async def test_an_unsigned_token_is_refused(verifier: TokenVerifier, claims: dict[str, Any]) -> None:
    for alg in ("none", "None", "NONE", ""):
        for kid in ("rsa", None):
            header = _part({"alg": alg} | ({"kid": kid} if kid else {}))
            for signature in ("", "x", _encode(b"signature")):
                with pytest.raises(TokenInvalid):
                    await verifier.verify(f"{header}.{_part(claims)}.{signature}")


async def test_the_public_key_is_no_secret_to_sign_with(
    verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    """HS256 with the RSA key's public part as the secret: the classic confusion of algorithms."""
    public = RSA.public_key()
    for secret in (
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        json.dumps(KEYS["keys"][0]).encode(),
    ):
        for alg in ("HS256", "HS384", "HS512"):
            header = _part({"alg": alg, "kid": "rsa"})
            signed = f"{header}.{_part(claims)}"
            signature = jwt.get_algorithm_by_name(alg).sign(signed.encode(), secret)
            with pytest.raises(TokenInvalid):
                await verifier.verify(f"{signed}.{_encode(signature)}")


async def test_the_key_decides_the_algorithm(verifier: TokenVerifier, claims: dict[str, Any]) -> None:
    for key, alg, kid in [
        (RSA, "RS256", "ec"),
        (EC, "ES256", "rsa"),
        (RSA, "PS256", "rsa"),
        (RSA, "RS512", "rsa"),
    ]:
        with pytest.raises(TokenInvalid):
            await verifier.verify(sign(claims, key, alg, kid))


async def test_a_forged_signature_is_refused(verifier: TokenVerifier, claims: dict[str, Any]) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(TokenInvalid):
        await verifier.verify(sign(claims, other))
    header, _, signature = sign(claims).split(".")
    with pytest.raises(TokenInvalid):
        await verifier.verify(f"{header}.{_part(claims | {'roles': ['operator']})}.{signature}")


async def test_a_key_that_the_token_brings_along_is_not_used(
    verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own = RSAAlgorithm.to_jwk(other.public_key(), as_dict=True)
    for extra in ({"jwk": own}, {"jku": "https://evil.example/jwks"}, {"x5u": "https://evil.example"}):
        token = jwt.encode(claims, other, algorithm="RS256", headers={"kid": "rsa", **extra})
        with pytest.raises(TokenInvalid):
            await verifier.verify(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "....",
        "é.é.é",
        "x" * 9000,
        _part({"alg": "RS256"}) + ".e30.x",
        "[" * 4000 + ".e30.x",
    ],
)
async def test_nonsense_is_refused(verifier: TokenVerifier, token: str) -> None:
    with pytest.raises(TokenInvalid):
        await verifier.verify(token)


async def test_a_critical_extension_that_we_do_not_know_is_refused(
    verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    token = jwt.encode(claims, RSA, algorithm="RS256", headers={"kid": "rsa", "crit": ["exp"]})
    with pytest.raises(TokenInvalid):
        await verifier.verify(token)


async def test_without_a_key_id_only_a_single_key_will_do(
    claims: dict[str, Any], frozen_clock: FrozenClock, verifier: TokenVerifier
) -> None:
    with pytest.raises(TokenInvalid):
        await verifier.verify(sign(claims, kid=None))

    async def one() -> bytes:
        return json.dumps({"keys": KEYS["keys"][:1]}).encode()

    single = TokenVerifier(
        [TrustedIssuer(ISSUER, "longxi", KeySet(one, frozen_clock))], TENANTS, frozen_clock
    )
    assert (await single.verify(sign(claims, kid=None))).subject == "worker-1"


async def test_claims_may_be_found_elsewhere(claims: dict[str, Any], frozen_clock: FrozenClock) -> None:
    names = ClaimNames(tenant="community", roles="realm_access.roles")
    issuer = TrustedIssuer(ISSUER, "longxi", KeySet(keys, frozen_clock), claims=names)
    verifier = TokenVerifier([issuer], TENANTS, frozen_clock)
    moved = without(without(claims, "tenant"), "roles")
    token = sign(moved | {"community": "yuhu", "realm_access": {"roles": ["head"]}})
    verified = await verifier.verify(token)
    assert (verified.tenant, verified.roles) == ("yuhu", frozenset({Role.HEAD}))
    with pytest.raises(TokenInvalid):
        await verifier.verify(sign(moved | {"community": "yuhu", "realm_access": ["head"]}))


async def test_an_issuer_gives_no_role_beyond_its_own(
    claims: dict[str, Any], frozen_clock: FrozenClock
) -> None:
    issuer = TrustedIssuer(ISSUER, "longxi", KeySet(keys, frozen_clock), roles=frozenset({Role.RESIDENT}))
    verifier = TokenVerifier([issuer], TENANTS, frozen_clock)
    verified = await verifier.verify(sign(claims | {"roles": ["resident", "operator", "service"]}))
    assert verified.roles == {Role.RESIDENT}


async def test_keys_of_two_issuers_are_kept_apart(
    claims: dict[str, Any], frozen_clock: FrozenClock, tmp_path: Path
) -> None:
    local = LocalIssuer(tmp_path, clock=frozen_clock)
    issuers = [
        TrustedIssuer(ISSUER, "longxi", KeySet(keys, frozen_clock)),
        TrustedIssuer(local.issuer, "longxi", KeySet(from_file(local.jwks_file), frozen_clock)),
    ]
    verifier = TokenVerifier(issuers, TENANTS, frozen_clock)
    assert (await verifier.verify(local.mint("longxi", "a", [Role.WORKER]))).issuer == local.issuer
    with pytest.raises(TokenInvalid):
        await verifier.verify(local.mint("longxi", "a", [Role.WORKER], iss=ISSUER))


class Keys:
    """An issuer's key address that a test can change, break and count."""

    def __init__(self) -> None:
        self.content = json.dumps({"keys": KEYS["keys"][:1]}).encode()
        self.broken = False
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.broken:
            raise ConnectionError
        return self.content


async def test_a_new_key_is_fetched_when_it_is_first_seen(frozen_clock: FrozenClock) -> None:
    source = Keys()
    keys = KeySet(source, frozen_clock)
    assert await keys.key("rsa") is not None
    source.content = json.dumps(KEYS).encode()
    assert await keys.key("ec") is None, "not asked again within a minute"
    frozen_clock.advance(timedelta(minutes=1))
    assert await keys.key("ec") is not None


async def test_unknown_key_ids_cost_one_request_a_minute(frozen_clock: FrozenClock) -> None:
    source = Keys()
    keys = KeySet(source, frozen_clock)
    for number in range(100):
        assert await keys.key(f"made-up-{number}") is None
    assert source.asked == 1
    frozen_clock.advance(timedelta(minutes=1))
    assert await keys.key("made-up") is None
    assert source.asked == 2


async def test_known_keys_outlive_an_outage_of_their_issuer(frozen_clock: FrozenClock) -> None:
    source = Keys()
    keys = KeySet(source, frozen_clock)
    assert await keys.key("rsa") is not None
    source.broken = True
    frozen_clock.advance(timedelta(hours=2))
    assert await keys.key("rsa") is not None
    source.broken, source.content = False, b'{"keys": []}'
    frozen_clock.advance(timedelta(minutes=2))
    assert await keys.key("rsa") is None, "withdrawn by the issuer"


async def test_an_issuer_that_never_answered_is_503_and_not_401(
    claims: dict[str, Any], frozen_clock: FrozenClock
) -> None:
    source = Keys()
    source.broken = True
    verifier = TokenVerifier(
        [TrustedIssuer(ISSUER, "longxi", KeySet(source, frozen_clock))], TENANTS, frozen_clock
    )
    with pytest.raises(IssuerUnavailable):
        await verifier.verify(sign(claims))


UNUSABLE: list[tuple[dict[str, Any], str]] = [
    ({"kty": "oct", "k": "c2VjcmV0", "kid": "a"}, "a shared secret"),
    (KEYS["keys"][0] | {"use": "enc"}, "for encryption"),
    (KEYS["keys"][0] | {"alg": "RS512"}, "for an algorithm not on our list"),
    (RSAAlgorithm.to_jwk(SHORT.public_key(), as_dict=True), "too short"),
    ({"kty": "RSA", "n": "!!", "e": "AQAB"}, "broken"),
    ({"kid": "x"}, "of no kind"),
]


@pytest.mark.parametrize(("entry", "why"), UNUSABLE, ids=[why for _, why in UNUSABLE])
def test_a_key_that_cannot_be_used_is_passed_over(entry: dict[str, Any], why: str) -> None:
    assert set(parse_keys(json.dumps({"keys": [entry, KEYS["keys"][1]]}).encode())) == {"ec"}


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{}", b'{"keys": 5}', b"<html>", b" " * 300_000])
def test_what_is_no_key_set_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_keys(content)
