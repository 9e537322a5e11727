"""Whatever is sent, the answer is a problem that names the field and repeats nothing, and no table has changed."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from shared.runtime.documents import unconnected_application
from shared.security import LocalIssuer, Role
from shared.web.body import BoundedBody
from tests.support.applications import SERVICES, Applications, Open

MARK = "泄漏记号8f3a"
_NOBODY = "019a0000-0000-7000-8000-000000000001"
_OWN_FORM = {
    # In the form of the SMS provider; see tests/services/notifications.
    "/v1/receipts/aliyun",
    "/v1/receipts/aliyun/{secret}",
    # Files; see tests/services/intake/test_attachments.py, test_receipts.py, test_registers.py.
    "/v1/requests/{id}/attachments",
    "/v1/activities/{id}/ledger/receipts",
    "/v1/registers/{id}/parts",
}
"""Bodies that are no JSON. Any other route is tried, or fails here."""


def _documents() -> dict[str, Any]:
    return {service.name: unconnected_application(service).openapi() for service in SERVICES}


DOCUMENTS = _documents()


def _with_body() -> Iterator[Any]:
    for service, document in DOCUMENTS.items():
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if path not in _OWN_FORM and "requestBody" in operation:
                    yield pytest.param(service, method.upper(), path, id=f"{service} {method} {path}")


ROUTES = list(_with_body())


def _schema(service: str, method: str, path: str) -> Mapping[str, Any]:
    operation = DOCUMENTS[service]["paths"][path][method.lower()]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return next(iter(_meanings(service, schema)))


def _meanings(service: str, schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a value may be, null apart."""
    if "$ref" in schema:
        yield from _meanings(
            service, DOCUMENTS[service]["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        )
    elif "anyOf" in schema or "oneOf" in schema:
        for one in schema.get("anyOf") or schema["oneOf"]:
            yield from _meanings(service, one)
    elif schema.get("type") != "null":
        yield schema


def _wrong(meaning: Mapping[str, Any]) -> Iterator[str]:
    """JSON texts that are no value of this meaning."""
    deep = "[" * 100 + f'"{MARK}"' + "]" * 100
    match meaning.get("type"):
        case "integer" | "number":
            yield from ("true", '"5"', f'"{MARK}"', "NaN", "Infinity", "1e400", "9" * 400, deep)
            if meaning["type"] == "integer":
                yield "1.5"
        case "boolean":
            yield from ('"true"', "1", f'"{MARK}"', deep)
        case "array":
            yield from ("{}", f'"{MARK}"', "true", '{"0": 1}')
        case "object":
            yield from ("[]", f'"{MARK}"', "true", deep)
        case "string":
            yield from (
                "5",
                "true",
                "[]",
                "{}",
                deep,
                rf'"{MARK}\u0000"',
                rf'"{MARK}\ud800"',
                rf'"{MARK}\u001b[31m"',
            )
            yield f'"{MARK}{"长" * (meaning.get("maxLength", 100_000))}"'
            if meaning.get("format") in {"date-time", "date"}:
                yield from (
                    '"2026-02-30T00:00:00Z"',
                    '"2026-02-30"',
                    '"9999-12-31T23:59:59-18:00"',
                    '"0001-01-01"',
                    '"2026-11-18T25:61:00Z"',
                    '"-5000-01-01T00:00:00Z"',
                )
        case _:
            return


@pytest.mark.parametrize(("service", "method", "path"), ROUTES)
async def test_each_field_of_each_body_is_named_when_it_is_wrong(
    service: str, method: str, path: str, applications: Applications
) -> None:
    open, token = applications[service], applications.token()
    schema = _schema(service, method, path)
    before = await open.content()
    for name, property in schema["properties"].items():
        meanings = list(_meanings(service, property))
        if len(meanings) != 1:
            continue
        for text in _wrong(meanings[0]):
            answer = await _send(open, method, path, token, f'{{"{name}": {text}}}')
            said = _problem(answer, {422, 400})
            if said["type"] != "urn:longxi:problem:malformed-body":
                assert any(error["field"].startswith(f"/{name}") for error in said["errors"]), (
                    text[:80],
                    said,
                )
    assert await open.content() == before


UNREADABLE = {
    "nothing at all": b"",
    "cut off": b'{"subject": "' + MARK.encode(),
    "a comma too many": b'{"subject": 1,}',
    "not UTF-8": b'{"subject": "\xff\xfe"}',
    "UTF-16": '{"subject": "路灯"}'.encode("utf-16"),
    "a list of nothing": b"[]",
    "a number": b"1",
    "null": b"null",
    "NUL between": b'{"subject"\x00: 1}',
    "a hundred thousand levels": b'{"subject": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "unknown field": json.dumps({f"unknown_{uuid4().hex[:6]}": MARK}).encode(),
}


@pytest.mark.parametrize(("service", "method", "path"), ROUTES)
async def test_a_body_that_cannot_be_read_is_refused(
    service: str, method: str, path: str, applications: Applications
) -> None:
    open, token = applications[service], applications.token()
    before = await open.content()
    for name, raw in UNREADABLE.items():
        if not _schema(service, method, path).get("required") and name in {"nothing at all", "null"}:
            continue
        said = _problem(await _send(open, method, path, token, raw), {400, 422})
        assert said["type"].rsplit(":", 1)[1] in {"malformed-body", "invalid-request"}, (name, said)
    assert await open.content() == before


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_a_hundred_megabytes_are_turned_away_without_being_read(
    service: str, applications: Applications
) -> None:
    open, token = applications[service], applications.token()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1600):
            sent += 65536
            yield b" " * 65536

    before = await open.content()
    for method, path in _bodies(service):
        sent = 0
        said = _problem(await _send(open, method, path, token, endless()), {413})
        assert (said["type"], sent < 4 * 2**20) == ("urn:longxi:problem:body-too-large", True)
        declared = await _send(open, method, path, token, endless(), **{"Content-Length": str(100 * 2**20)})
        _problem(declared, {413})
    assert await open.content() == before


@pytest.mark.parametrize("service", [service.name for service in SERVICES])
async def test_a_body_that_does_not_end_is_given_up(service: str, applications: Applications) -> None:
    open, token = applications[service], applications.token()

    async def impatient(scope: Any, receive: Any, send: Any) -> None:
        await open.app(scope, BoundedBody(receive, limit=2**20, seconds=0.05), send)

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"subject": "'
        await asyncio.sleep(1)
        yield b'"}'

    before = await open.content()
    for method, path in _bodies(service):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=impatient)) as client:
            answer = await client.request(
                method, f"http://test{_address(path)}", content=slow(), headers=headers
            )
        assert _problem(answer, {408})["type"] == "urn:longxi:problem:body-too-slow"
    assert await open.content() == before


def _tokens(issuer: LocalIssuer, folder: Path) -> Iterator[tuple[str, str, int, str]]:
    """What is wrong, the token, and how it is refused."""
    everyone = list(Role)
    good = issuer.mint("longxi", "u", everyone)
    head, claims, signature = good.split(".")
    content = jwt.decode(good, options={"verify_signature": False})
    public = issuer.jwks_file.read_text(encoding="utf-8")
    stranger = LocalIssuer(folder / "stranger")
    yield "an unknown community", issuer.mint("atlantis", "u", everyone), 403, "unknown-tenant"
    yield "the scope of the infrastructure", issuer.mint("*", "u", everyone), 403, "unknown-tenant"
    yield "no community", issuer.mint("", "u", everyone), 401, "token-invalid"
    yield "expired", issuer.mint("longxi", "u", everyone, ttl=timedelta(hours=-1)), 401, "token-expired"
    yield "not yet valid", issuer.mint("longxi", "u", everyone, nbf=2**33), 401, "token-invalid"
    yield "never ends", issuer.mint("longxi", "u", everyone, exp=10**18), 401, "token-invalid"
    yield "for somebody else", issuer.mint("longxi", "u", everyone, aud="bank"), 401, "token-invalid"
    yield "of another issuer", issuer.mint("longxi", "u", everyone, iss="bank"), 401, "token-invalid"
    yield "of another's key", stranger.mint("longxi", "u", everyone), 401, "token-invalid"
    yield "a subject with NUL", issuer.mint("longxi", "u\0", everyone), 401, "token-invalid"
    yield "nobody", issuer.mint("longxi", "", everyone), 401, "token-invalid"
    yield "unsigned", f"{head}.{claims}.", 401, "token-invalid"
    yield "half of it", good[: len(good) // 2], 401, "token-invalid"
    yield (
        "another's claims",
        f"{head}.{_part({**content, 'tenant': 'yuhu'})}.{signature}",
        401,
        "token-invalid",
    )
    for algorithm in ("none", "None", "nOnE"):
        yield f"alg {algorithm}", f"{_part({'alg': algorithm})}.{claims}.", 401, "token-invalid"
    # The public key as the secret of a symmetric signature.
    said = f"{_part({'alg': 'HS256'})}.{claims}"
    forged = _encoded(hmac.digest(public.encode(), said.encode(), "sha256"))
    yield "alg HS256", f"{said}.{forged}", 401, "token-invalid"
    yield "too long", "a" * 100_000, 401, "token-invalid"
    yield "an API key that nobody has", f"lxk_{uuid4().hex}_{'a' * 43}", 401, "token-invalid"


def _part(content: Mapping[str, Any]) -> str:
    return _encoded(json.dumps(content).encode())


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


async def test_a_token_that_is_not_good_opens_nothing(applications: Applications, tmp_path: Path) -> None:
    for service, document in DOCUMENTS.items():
        open = applications[service]
        before = await open.content()
        for what, token, status, type in _tokens(applications.issuer, tmp_path):
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    if operation["security"]:
                        answer = await open.call(method.upper(), _address(path), token)
                        said = _problem(answer, {status})
                        assert said["type"] == f"urn:longxi:problem:{type}", (what, path)
        assert await open.content() == before


async def test_the_same_key_with_another_body_is_refused(applications: Applications) -> None:
    open, token = applications["intake"], applications.token(Role.HEAD)
    headers = {"Idempotency-Key": "one-key"}
    first = await open.call("POST", "/v1/residents", token, json={"name": "张三"}, headers=headers)
    assert first.status_code == 201
    before = await open.content()
    other = await open.call("POST", "/v1/residents", token, json={"name": MARK}, headers=headers)
    assert _problem(other, {422})["type"] == "urn:longxi:problem:idempotency-key-reused"
    for key in ("", "ключ".encode(), b"\xff", "a" * 256):
        answer = await open.call(
            "POST", "/v1/residents", token, json={"name": "张三"}, headers={"Idempotency-Key": key}
        )
        assert _problem(answer, {400})["errors"][0]["field"] == "/Idempotency-Key"
    assert await open.content() == before


@pytest.mark.parametrize(
    "moment",
    [
        "2199-12-31T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-18:00",
        "2026-11-18T10:00:00",
    ],
)
async def test_a_letter_of_an_impossible_day_is_not_filed(moment: str, applications: Applications) -> None:
    open, token = applications["intake"], applications.token(Role.OPERATOR)
    row = {
        "external_id": "1",
        "resident_ref": "1",
        "subject": "路灯不亮",
        "body": "坏了三天。",
        "submitted_at": moment,
    }
    before = await open.content()
    answer = await open.call(
        "POST", "/v1/requests/bulk", token, json={"source": "letters", "history": False, "requests": [row]}
    )
    said = answer.json()
    refused = said["errors"][0] if answer.is_error else said["results"][0]
    assert "submitted_at" in refused["field"], answer.text
    assert await open.content() == before


def _bodies(service: str) -> list[tuple[str, str]]:
    return [(route.values[1], route.values[2]) for route in ROUTES if route.values[0] == service]


async def _send(open: Open, method: str, path: str, token: str, raw: Any, **headers: str) -> httpx.Response:
    content = raw.encode() if isinstance(raw, str) else raw
    return await open.call(
        method,
        _address(path),
        token,
        content=content,
        headers={"Content-Type": "application/json", "If-Match": '"1"', **headers},
    )


def _address(path: str) -> str:
    return "/".join(_NOBODY if step.startswith("{") else step for step in path.split("/"))


def _problem(answer: httpx.Response, statuses: set[int]) -> dict[str, Any]:
    assert answer.status_code in statuses, (answer.request.method, answer.request.url.path, answer.text[:500])
    assert answer.headers["content-type"] == "application/problem+json"
    assert MARK not in answer.text
    said: dict[str, Any] = answer.json()
    assert said["type"].startswith("urn:longxi:problem:")
    assert said["status"] == answer.status_code
    return said
