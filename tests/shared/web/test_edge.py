"""What happens once around every request."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter
from starlette.types import Message

from shared.observing import metrics, trace
from shared.refusals import IllegalMove, NotFound
from shared.security import Role, permit, public_route
from shared.web import Application, Call, Model, Text, Visitor, refuses
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:read", "things:write"})}
MIB = 1024 * 1024


class Note(Model):
    text: Annotated[str, Text(2 * MIB)]


class Seen(Model):
    correlation: UUID
    traceparent: str
    language: str


router = APIRouter(tags=["things"])


@router.get("/v1/seen")
async def see(call: Annotated[Call, permit("things:read")]) -> Seen:
    context = trace.current()
    assert context.traceparent is not None
    return Seen(correlation=context.correlation, traceparent=context.traceparent, language=call.language)


@router.get("/v1/things/{id}")
async def get_thing(id: UUID, call: Annotated[Call, permit("things:read")]) -> Seen:
    raise NotFound


@router.put("/v1/things/{id}", responses=refuses(IllegalMove))
async def put_thing(id: UUID, body: Note, call: Annotated[Call, permit("things:write")]) -> Seen:
    raise IllegalMove(noun="request", state="closed", move="accept", allowed="reopen", field="state")


@router.post("/v1/notes", status_code=204)
async def write_note(body: Note, call: Annotated[Call, permit("things:write")]) -> None: ...


@router.get("/v1/broken")
async def break_down(call: Annotated[Call, permit("things:read")]) -> Seen:
    raise RuntimeError("secret of the inside")


@router.get("/v1/open")
async def welcome(visitor: Annotated[Visitor, public_route()], word: str = "") -> str:
    return visitor.language


@pytest.fixture
def app(stage: Stage) -> Application:
    return stage.application([router], PERMISSIONS, body_seconds=0.3)


@pytest.fixture
def client(stage: Stage, app: Application) -> httpx.AsyncClient:
    return stage.client(app)


async def test_a_correlation_id_goes_in_and_comes_out(client: httpx.AsyncClient) -> None:
    given = str(uuid4())
    answer = await client.get("/v1/seen", headers={"X-Correlation-Id": given})
    assert answer.headers["x-correlation-id"] == given == answer.json()["correlation"]


async def test_without_a_correlation_id_there_is_a_new_one(client: httpx.AsyncClient) -> None:
    first, second = [await client.get("/v1/seen") for _ in range(2)]
    assert UUID(first.headers["x-correlation-id"]) != UUID(second.headers["x-correlation-id"])


@pytest.mark.parametrize(
    "bad", ["call-7", "x" * 36, "0190163d-8694-739b-aea5-966c26f8ad9g", "{" + "0" * 34 + "}"]
)
async def test_a_correlation_id_that_is_no_uuid_is_refused(client: httpx.AsyncClient, bad: str) -> None:
    answer = await client.get("/v1/seen", headers={"X-Correlation-Id": bad, "Accept-Language": "en"})
    document = problem(answer, 400, "invalid-header")
    assert document["errors"][0]["field"] == "/X-Correlation-Id"
    assert document["errors"][0]["in"] == "header"
    assert bad not in answer.text


async def test_a_traceparent_is_continued(client: httpx.AsyncClient) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    answer = await client.get("/v1/seen", headers={"traceparent": given})
    assert answer.json()["traceparent"].split("-")[1] == given.split("-")[1]


@pytest.mark.parametrize("bad", ["nonsense", "00-" + "0" * 32 + "-00f067aa0ba902b7-01"])
async def test_a_malformed_traceparent_starts_a_new_trace(client: httpx.AsyncClient, bad: str) -> None:
    answer = await client.get("/v1/seen", headers={"traceparent": bad})
    assert answer.status_code == 200
    assert "0" * 32 not in answer.json()["traceparent"]


LANGUAGES = [
    (None, "zh", "Chinese by default"),
    ("en", "en", "asked for"),
    ("en-GB,en;q=0.9,zh;q=0.1", "en", "preferred"),
    ("zh-Hans-CN", "zh", "a long tag"),
    ("fr,de", "zh", "neither of ours"),
    ("fr,en;q=0.2", "en", "the only one of ours"),
    ("en;q=0,zh;q=0.1", "zh", "explicitly not English"),
    ("*", "zh", "any"),
    ("en;q=abc", "zh", "a broken weight counts for nothing"),
    ("x" * 5000, "zh", "absurd"),
]


@pytest.mark.parametrize(("accept", "language", "why"), LANGUAGES, ids=[why for *_, why in LANGUAGES])
async def test_the_language_follows_accept_language(
    client: httpx.AsyncClient, accept: str | None, language: str, why: str
) -> None:
    headers = {} if accept is None else {"Accept-Language": accept}
    assert (await client.get("/v1/seen", headers=headers)).json()["language"] == language


async def test_a_problem_speaks_the_language_and_says_so(client: httpx.AsyncClient) -> None:
    chinese = await client.get(f"/v1/things/{uuid4()}")
    assert problem(chinese, 404, "not-found")["title"] == "未找到"
    assert chinese.headers["content-language"] == "zh-CN"
    english = await client.get(f"/v1/things/{uuid4()}", headers={"Accept-Language": "en"})
    assert problem(english, 404, "not-found")["title"] == "Not Found"
    assert english.headers["content-language"] == "en"


async def test_a_refusal_names_its_field_and_fills_its_words(client: httpx.AsyncClient) -> None:
    answer = await client.put(f"/v1/things/{uuid4()}", json={"text": "x"}, headers={"Accept-Language": "en"})
    document = problem(answer, 409, "illegal-move")
    assert document["detail"] == "A request that is closed cannot accept; it can: reopen."
    assert document["errors"] == [
        {"field": "/state", "in": "body", "type": "illegal-move", "detail": document["detail"]}
    ]


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/nothing", "/v1/seen/", "/v1//seen", "/v2/seen", "/favicon.ico"]
)
async def test_an_unknown_path_is_404(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 404, "path-not-found")


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "TRACE", "BREW"])
async def test_a_wrong_method_is_405_with_all_that_are_allowed(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, f"/v1/things/{uuid4()}")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, PUT"


async def test_a_path_parameter_of_the_wrong_form_is_named(client: httpx.AsyncClient) -> None:
    document = problem(await client.get("/v1/things/19900001234"), 422, "invalid-request")
    assert document["errors"][0]["field"] == "/id"
    assert document["errors"][0]["in"] == "path"
    assert "19900001234" not in str(document)


@pytest.mark.parametrize(
    "path", ["/v1/open?word=a%00b", "/v1/open?word=%1B", "/v1/things/%00", "/v1/open?%7f=1"]
)
async def test_control_characters_in_an_address_are_400(client: httpx.AsyncClient, path: str) -> None:
    problem(await client.get(path), 400, "invalid-address")


async def test_an_address_may_hold_chinese_and_line_breaks(client: httpx.AsyncClient) -> None:
    for word in ("楼道 堆物", "一%0A二", "100%25"):
        assert (await client.get(f"/v1/open?word={word}")).status_code == 200


async def test_an_error_of_ours_says_nothing_but_the_correlation(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, logger="shared.web.edge"):
        answer = await client.get("/v1/broken")
    document = problem(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert "RuntimeError" not in answer.text
    assert set(document) == {"type", "title", "status", "detail", "correlation"}
    assert caplog.records[0].exc_info is not None


async def test_a_body_of_one_mebibyte_is_taken_and_two_are_not(client: httpx.AsyncClient) -> None:
    frame = len(b'{"text":""}')
    fits = b'{"text":"' + b"x" * (MIB - frame) + b'"}'
    headers = {"Content-Type": "application/json"}
    assert (await client.post("/v1/notes", content=fits, headers=headers)).status_code == 204
    for size in (MIB + 1, 2 * MIB):
        answer = await client.post("/v1/notes", content=b" " * size, headers=headers)
        problem(answer, 413, "body-too-large")
        assert answer.headers["connection"] == "close"


async def test_a_chunked_body_is_counted_too(client: httpx.AsyncClient) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(32):
            sent += 1
            yield b" " * (MIB // 4)

    headers = {"Content-Type": "application/json"}
    problem(await client.post("/v1/notes", content=chunks(), headers=headers), 413, "body-too-large")
    assert sent <= 6, "the rest is not read"


async def test_a_slow_body_is_given_up(client: httpx.AsyncClient) -> None:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" "
            await asyncio.sleep(0.05)

    headers = {"Content-Type": "application/json"}
    problem(await client.post("/v1/notes", content=drip(), headers=headers), 408, "body-too-slow")


async def test_a_caller_who_hangs_up_is_not_an_error_of_ours(stage: Stage, app: Application) -> None:
    sent: list[Message] = []
    messages: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    await app(_scope("POST", "/v1/notes", headers, app), receive, send)
    assert sent[0]["status"] == 400


def _scope(method: str, path: str, headers: list[tuple[bytes, bytes]], app: Application) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "app": app,
    }


async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/v1/seen", "/v1/nothing", "/v1/broken", "/healthz", "/docs"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


async def test_requests_are_counted_by_template_and_never_by_address(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All services have run in this process, with more routes than any one of them has: as in a new one.
    seconds = metrics.defined()["longxi_http_request_seconds"]
    monkeypatch.setattr(seconds, "bounds", type(seconds.bounds)(seconds.bounds.labels))
    secret = uuid4()
    await client.get(f"/v1/things/{secret}")
    await client.get(f"/v1/nothing/{secret}")
    text = metrics.exposition()[0].decode()
    assert 'longxi_http_request_seconds_count{method="GET",route="/v1/things/{id}",status="4xx"}' in text
    assert 'route="unmatched"' in text
    assert str(secret) not in text


async def test_an_undocumented_refusal_is_reported(
    client: httpx.AsyncClient, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    silent = APIRouter()

    @silent.get("/v1/silent")
    async def refuse_silently(call: Annotated[Call, permit("things:read")]) -> Seen:
        raise IllegalMove(noun="request", state="a", move="b", allowed="c")

    quiet = stage.client(stage.application([silent], PERMISSIONS))
    with caplog.at_level(logging.WARNING, logger="shared.web.errors"):
        problem(await quiet.get("/v1/silent"), 409, "illegal-move")
    assert "undocumented refusal" in caplog.text


async def test_a_database_that_is_away_is_503(stage: Stage) -> None:
    asking = APIRouter()

    @asking.get("/v1/asking")
    async def ask_database(call: Annotated[Call, permit("things:read")]) -> Seen:
        async with call.transaction():
            raise AssertionError("there is no database")

    answer = await stage.client(stage.application([asking], PERMISSIONS)).get("/v1/asking")
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "5"
