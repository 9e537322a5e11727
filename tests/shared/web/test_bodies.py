"""Bodies: what is right is taken as it is, what is wrong is named in two languages and never quoted."""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter

from shared.security import Role, permit
from shared.web import Call, Day, Model, Moment, PastDay, PastMoment, Text, Whole
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:write"})}
ID = "0190163d-8694-739b-aea5-966c26f8ad91"


class Channel(StrEnum):
    SMS = "sms"
    MAIL = "mail"


class Inner(Model):
    name: Annotated[str, Text(10)]


class Thing(Model):
    count: Whole = 0
    flag: bool = False
    ratio: float = 0.0
    id: UUID | None = None
    at: Moment | None = None
    happened: PastMoment | None = None
    day: Day | None = None
    born: PastDay | None = None
    channel: Channel | None = None
    price: Decimal | None = None
    subject: Annotated[str, Text(10)] = "好"
    body: Annotated[str, Text(20, lines=True)] = "好"
    inner: tuple[Inner, ...] = ()
    tags: frozenset[Channel] = frozenset()
    pair: tuple[int, int] | None = None


router = APIRouter()


@router.post("/v1/things")
async def write_thing(body: Thing, call: Annotated[Call, permit("things:write")]) -> Thing:
    return body


@pytest.fixture
def client(stage: Stage) -> httpx.AsyncClient:
    return stage.client(stage.application([router], PERMISSIONS))


async def send(client: httpx.AsyncClient, content: bytes, language: str = "zh") -> httpx.Response:
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    return await client.post("/v1/things", content=content, headers=headers)


async def test_uuids_times_and_codes_are_text_in_json(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/things",
        json={
            "id": ID,
            "at": "2026-11-18T10:00:00+08:00",
            "day": "2026-11-18",
            "channel": "sms",
            "tags": ["mail"],
            "pair": [1, 2],
            "price": "1.50",
            "ratio": 1,
            "body": "一\r\n二\t三",
        },
    )
    assert answer.status_code == 200, answer.text
    said = Thing.model_validate_json(answer.content)
    assert said.id == UUID(ID)
    assert said.at == datetime(2026, 11, 18, 2, tzinfo=UTC)
    assert said.day == date(2026, 11, 18)
    assert said.channel is Channel.SMS
    assert said.tags == {Channel.MAIL}
    assert said.body == "一\n二\t三"


WRONG: list[tuple[bytes, str, str, str]] = [
    # body, field, type, why
    (b'{"count":true}', "/count", "int-type", "true is no number"),
    (b'{"count":"5"}', "/count", "int-type", "nor is text"),
    (b'{"count":5.0}', "/count", "int-type", "nor a fraction"),
    (b'{"count":-1}', "/count", "greater-than-equal", "below the bound"),
    (b'{"count":99999999999999999999999}', "/count", "less-than-equal", "does not fit an integer column"),
    (b'{"flag":1}', "/flag", "bool-type", "1 is not true"),
    (b'{"flag":"true"}', "/flag", "bool-type", "text is not true"),
    (b'{"ratio":NaN}', "/ratio", "finite-number", "JSON has no NaN"),
    (b'{"ratio":1e999}', "/ratio", "finite-number", "infinite"),
    (b'{"id":"not-a-uuid"}', "/id", "uuid-parsing", "no UUID"),
    (b'{"id":5}', "/id", "uuid-type", "a number is no UUID"),
    (b'{"at":1763431200}', "/at", "datetime-type", "seconds since 1970 are no time here"),
    (b'{"at":"2026-11-18T10:00:00"}', "/at", "timezone-aware", "which zone?"),
    (b'{"at":"2026-13-01T10:00:00Z"}', "/at", "datetime-parsing", "month 13"),
    (b'{"at":"0001-01-01T00:00:00+14:00"}', "/at", "time-out-of-range", "UTC would be before year 1"),
    (b'{"at":"9999-12-31T23:59:59-12:00"}', "/at", "time-out-of-range", "UTC would be in year 10000"),
    (b'{"happened":"2026-11-18T10:06:00+08:00"}', "/happened", "in-future", "six minutes from now"),
    (b'{"born":"2026-11-19"}', "/born", "in-future", "tomorrow in Shanghai"),
    (b'{"day":"2026-02-30"}', "/day", "date-parsing", "no such day"),
    (b'{"day":"0900-01-01"}', "/day", "time-out-of-range", "nobody is that old"),
    (b'{"channel":"fax"}', "/channel", "enum", "not of the vocabulary"),
    (b'{"price":"x"}', "/price", "decimal-parsing", "no number"),
    (b'{"subject":""}', "/subject", "string-too-short", "empty"),
    (b'{"subject":"  \\u3000 "}', "/subject", "blank", "only spaces, also full-width ones"),
    ('{"subject":"一二三四五六七八九十一"}'.encode(), "/subject", "string-too-long", "eleven of ten"),
    (b'{"subject":"a\\u0000b"}', "/subject", "control-character", "PostgreSQL stores no NUL"),
    (b'{"subject":"a\\nb"}', "/subject", "control-character", "one line only"),
    (b'{"subject":"a\\u001bb"}', "/subject", "control-character", "escape"),
    (b'{"body":"a\\u0000b"}', "/body", "control-character", "nor in longer text"),
    (b'{"body":"a\\rb"}', "/body", "control-character", "a carriage return alone hides what is before it"),
    (b'{"subject":5}', "/subject", "string-type", "a number is no text"),
    (b'{"subject":null}', "/subject", "string-type", "nor is null"),
    (b'{"inner":[{"name":"ok"},{"name":5}]}', "/inner/1/name", "string-type", "the second of the list"),
    (b'{"inner":[{}]}', "/inner/0/name", "missing", "required"),
    (b'{"inner":"x"}', "/inner", "tuple-type", "no array"),
    (b'{"pair":[1]}', "/pair/1", "missing", "half a pair"),
    (b'{"unknown":1}', "/unknown", "extra-forbidden", "no such field"),
    (b'{"a/b~c":1}', "/a~1b~0c", "extra-forbidden", "pointer escapes (RFC 6901)"),
    (b"[]", "", "model-type", "an array is no object"),
    (b"null", "", "model-type", "nor is null"),
    (b'"x"', "", "model-type", "nor is text"),
]


@pytest.mark.parametrize(("content", "field", "type", "why"), WRONG, ids=[why for *_, why in WRONG])
async def test_a_wrong_field_is_named_in_both_languages(
    client: httpx.AsyncClient, content: bytes, field: str, type: str, why: str
) -> None:
    details = []
    for language in ("zh-CN,zh;q=0.9", "en-GB"):
        document = problem(await send(client, content, language), 422, "invalid-request")
        assert [(error["field"], error["type"]) for error in document["errors"]] == [(field, type)]
        assert document["errors"][0]["in"] == "body"
        details.append(document["errors"][0]["detail"])
    chinese, english = details
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese), chinese
    assert english.isascii(), english
    assert english != "Is not acceptable", "this type has no words of its own"


UNREADABLE: list[tuple[bytes, str]] = [
    (b'{"count":1', "cut off"),
    (b"{count:1}", "no quotes"),
    (b"{'count':1}", "wrong quotes"),
    (b'{"count":1}}', "one brace too many"),
    (b'{"subject":"\xff\xfe"}', "not UTF-8"),
    ('{"subject":"好"}'.encode("gb18030"), "another encoding"),
    (b'\xef\xbb\xbf{"count":1}', "a byte order mark (RFC 8259 forbids it)"),
    (b'{"subject":"\\ud800"}', "a lone surrogate"),
    (b'{"subject":"\\udc00x"}', "the other half of one"),
    (b"[" * 100_000, "deep nesting"),
    (b'{"inner":' * 5_000 + b"1" + b"}" * 5_000, "deep objects"),
    (b"\x00", "a NUL byte"),
]


@pytest.mark.parametrize(("content", "why"), UNREADABLE, ids=[why for _, why in UNREADABLE])
async def test_a_body_that_is_no_json_is_400(client: httpx.AsyncClient, content: bytes, why: str) -> None:
    problem(await send(client, content), 400, "malformed-body")


async def test_the_place_of_a_json_error_is_told(client: httpx.AsyncClient) -> None:
    document = problem(await send(client, b'{"count": x}', "en"), 400, "malformed-body")
    assert "line 1 column 11" in document["detail"]


async def test_no_body_names_the_whole(client: httpx.AsyncClient) -> None:
    document = problem(await client.post("/v1/things"), 422, "invalid-request")
    assert document["errors"][0]["field"] == ""
    assert document["errors"][0]["type"] == "missing"


@pytest.mark.parametrize(
    "media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
async def test_a_body_of_another_type_is_415(client: httpx.AsyncClient, media: str) -> None:
    answer = await client.post("/v1/things", content=b"{}", headers={"Content-Type": media})
    problem(answer, 415, "unsupported-media-type")


async def test_json_with_parameters_and_suffixes_is_json(client: httpx.AsyncClient) -> None:
    for media in ("application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"):
        answer = await client.post("/v1/things", content=b"{}", headers={"Content-Type": media})
        assert answer.status_code == 200


SECRETS = ["电话 19900001234", "绝密内容", "<script>alert(1)</script>"]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "field", ["count", "flag", "id", "at", "day", "channel", "price", "inner", "tags", "pair"]
)
async def test_an_error_never_quotes_what_was_sent(
    client: httpx.AsyncClient, field: str, secret: str
) -> None:
    for value in (secret, [secret], {"x": secret}):
        answer = await client.post("/v1/things", json={field: value}, headers={"Accept-Language": "en"})
        assert answer.status_code == 422
        assert secret not in answer.text.encode().decode("unicode_escape", "ignore")
        assert secret not in answer.text


async def test_at_most_twenty_errors_are_listed(client: httpx.AsyncClient) -> None:
    rows: list[Any] = [{}] * 500
    document = problem(await client.post("/v1/things", json={"inner": rows}), 422, "invalid-request")
    assert len(document["errors"]) == 20


async def test_a_long_field_name_is_cut(client: httpx.AsyncClient) -> None:
    document = problem(await client.post("/v1/things", json={"x" * 5000: 1}), 422, "invalid-request")
    assert len(document["errors"][0]["field"]) == 200


def test_two_bodies_are_refused_at_the_start(stage: Stage) -> None:
    both = APIRouter()

    @both.post("/v1/both")
    async def both_bodies(a: Inner, b: Inner, call: Annotated[Call, permit("things:write")]) -> None: ...

    with pytest.raises(TypeError, match="one body"):
        stage.application([both], PERMISSIONS)
