"""Whatever part of a call is wrong, within lists, in the query or in a header: a problem, no echo, nothing changed."""

import itertools
import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tests.services.test_bad_input import (
    DOCUMENTS,
    MARK,
    ROUTES,
    _address,
    _meanings,
    _problem,
    _schema,
    _send,
    _wrong,
)
from tests.support.applications import NAMES, Applications
from tests.support.least import NEEDED

_BY_ROW = {("/v1/requests/bulk", "requests")}
"""A wrong row is refused by itself, in an answer that is good: see tests/services/intake."""
QUERIES = [
    pytest.param(service, path, id=f"{service} {path}")
    for service, document in DOCUMENTS.items()
    for path, operations in document["paths"].items()
    if any(each.get("in") == "query" for each in operations.get("get", {}).get("parameters", ()))
]


@pytest.fixture(autouse=True)
def nothing_unhandled(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def _within(service: str, name: str, meaning: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Bodies that are wrong below a field, and where."""
    if meaning.get("type") == "array":
        for item in _meanings(service, meaning.get("items", {})):
            for text in _wrong(item):
                yield f'{{"{name}": [{text}]}}', f"/{name}/0"
            for below, where in _within_object(service, item):
                yield f'{{"{name}": [{below}]}}', f"/{name}/0{where}"
    for below, where in _within_object(service, meaning):
        yield f'{{"{name}": {below}}}', f"/{name}{where}"


def _within_object(service: str, meaning: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, property in meaning.get("properties", {}).items():
        for inner in _meanings(service, property):
            for text in _wrong(inner):
                yield f'{{"{name}": {text}}}', f"/{name}"
            yield from _within(service, name, inner)
    if "properties" in meaning:
        yield json.dumps({MARK[:2]: 1}, ensure_ascii=False), f"/{MARK[:2]}"


@pytest.mark.parametrize(("service", "method", "path"), ROUTES)
async def test_what_is_wrong_within_a_list_or_an_object_is_named(
    service: str, method: str, path: str, applications: Applications
) -> None:
    open, token = applications[service], applications.token()
    before, tried = await open.content(), 0
    for name, property in _schema(service, method, path)["properties"].items():
        meanings = list(_meanings(service, property))
        if len(meanings) != 1 or (path, name) in _BY_ROW:
            continue
        for body, where in _within(service, name, meanings[0]):
            said = _problem(await _send(open, method, path, token, body), {400, 422})
            tried += 1
            if said["type"] != "urn:longxi:problem:malformed-body":
                fields = [error["field"] for error in said["errors"]]
                assert any(field.startswith(where) for field in fields), (body[:90], where, fields)
    if tried:
        assert await open.content() == before


async def test_a_wrong_row_of_many_is_refused_by_itself(applications: Applications) -> None:
    open, token = applications["intake"], applications.token()
    before = await open.content()
    good = {"external_id": "1", "resident_ref": "1", "subject": "路灯不亮", "body": "坏了三天。"}
    row = DOCUMENTS["intake"]["components"]["schemas"]["BulkFiling"]["properties"]["requests"]["items"]
    for name, property in row["properties"].items():
        for meaning in _meanings("intake", property):
            for text in _wrong(meaning):
                rows = json.dumps(good, ensure_ascii=False)[:-1] + f', "{name}": {text}}}'
                body = f'{{"source": "letters", "requests": [{rows}]}}'
                answer = await _send(open, "POST", "/v1/requests/bulk", token, body)
                assert MARK not in answer.text
                if answer.status_code != 200:
                    _problem(answer, {400, 422})
                    continue
                (result,) = answer.json()["results"]
                assert (result["result"], name in result["field"]) == ("refused", True), (text[:60], result)
    assert await open.content() == before


def _wrong_in_query(service: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Values as they stand in an address, encoded."""
    mark = quote(MARK)
    yield from (f"{mark}%00", f"%ED%A0%80{mark}", f"%FF{mark}", f"%1b{mark}", mark * 200)
    for meaning in _meanings(service, schema):
        if meaning.get("type") in {"integer", "number"}:
            yield from (mark, "1.5", "NaN", "1e3", "9" * 400, "-1", "", "true", "%EF%BC%95")
        elif meaning.get("type") == "boolean":
            yield from (mark, "2", "", "null")
        elif meaning.get("format") in {"uuid", "date", "date-time"} or {"enum", "pattern"} & meaning.keys():
            yield from (mark, "", "0", "2026-02-30", "%7B%7D")


@pytest.mark.parametrize(("service", "path"), QUERIES)
async def test_a_parameter_that_is_wrong_is_named(
    service: str, path: str, applications: Applications
) -> None:
    open, token = applications[service], applications.token()
    parameters = DOCUMENTS[service]["paths"][path]["get"]["parameters"]
    needed = {each["name"] for each in parameters if each.get("in") == "query" and each.get("required")}
    for parameter in parameters:
        if parameter.get("in") != "query":
            continue
        name = parameter["name"]
        for text in _wrong_in_query(service, parameter["schema"]):
            # The others that have to be there are right: only this one is wrong.
            query = "".join(f"&{other}={NEEDED[other]}" for other in sorted(needed - {name}))
            answer = await open.call("GET", f"{_address(path)}?{name}={text}{query}", token)
            assert MARK not in answer.text, (name, text)
            assert answer.status_code < 500, (name, text)
            if answer.status_code in {400, 422}:
                said = _problem(answer, {400, 422})
                if said["type"] != "urn:longxi:problem:invalid-address":
                    assert any(error["field"].startswith(f"/{name}") for error in said["errors"]), (
                        text,
                        said,
                    )
            else:
                # What may be any text finds nothing, and what is unknown or not one's own is refused.
                assert "maxLength" in json.dumps(parameter["schema"]) or answer.status_code in {403, 404}, (
                    name,
                    text,
                )


HEADERS: Mapping[str, tuple[bytes, ...]] = {
    "If-Match": (
        b"",
        b'"',
        b"W/",
        b"1",
        b"\xff\xfe",
        MARK.encode(),
        b'"' + b"9" * 5000 + b'"',
        b",,,",
        b'"a","b"',
    ),
    "If-None-Match": (b"", b"\xff", MARK.encode(), b"*" * 5000),
    "Accept-Language": (
        b"",
        b"\xff",
        b"en;q=NaN",
        b"en;q=1e999",
        b"en;q=-1",
        b"," * 5000,
        MARK.encode(),
        b"tlh",
    ),
    "Idempotency-Key": (b"", b"\xff", MARK.encode(), b"a" * 256, b"a\tb"),
    "X-Correlation-Id": (b"", b"1", b"\xff", MARK.encode(), b"0" * 36),
    "X-Purpose": (b"", b"\xff", MARK.encode(), b"a" * 5000),
    "traceparent": (b"", b"\xff", MARK.encode(), b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"),
    "Authorization": (
        *(b"", b"Bearer", b"Bearer ", b"Bearer a b", b"bearer\ta", b"Basic dTpw", b"\xff", b"Bearer \xff"),
        *(
            MARK.encode(),
            b"Bearer " + MARK.encode(),
            b"Bearer lxk_",
            b"Bearer " + b"." * 5000,
            b"Bearer a.b.c",
        ),
    ),
    "Content-Type": (
        *(b"", b"text/plain", b"application/xml", b"multipart/form-data", b"\xff", MARK.encode()),
        *(b"application/x-www-form-urlencoded", b"application/jsonp", b"*/*", b"json"),
    ),
    "Content-Length": (b"-1", b"a", b"\xff"),
}


@pytest.mark.parametrize("service", NAMES)
async def test_a_header_that_is_wrong_breaks_nothing(service: str, applications: Applications) -> None:
    """Each operation with one wrong value of every other header, the next with the others and the next value."""
    open, token = applications[service], applications.token()
    before, turn = await open.content(), itertools.count()
    for path, operations in DOCUMENTS[service]["paths"].items():
        for method, operation in operations.items():
            number = next(turn)
            for name in [*HEADERS][number % 2 :: 2]:
                value = HEADERS[name][number // 2 % len(HEADERS[name])]
                headers: dict[str, Any] = {"Content-Type": "application/json", name: value}
                answer = await open.call(
                    method.upper(),
                    _address(path),
                    None if name == "Authorization" else token,
                    headers=headers,
                    content=None if method == "get" else b'{"x": ',
                )
                said = method, path, name, value
                assert answer.status_code < 500, said
                assert MARK not in answer.text, said
                if answer.is_error:
                    _problem(answer, {answer.status_code})
                if name == "Authorization" and operation["security"]:
                    assert answer.status_code == 401, said
                # Of a file its content decides, whatever it is called.
                takes = operation.get("requestBody", {}).get("content", {})
                if name == "Content-Type" and "application/json" in takes:
                    assert answer.status_code == 415, said
    after = await open.content()
    # A read of somebody is written down, whatever the language that is asked for.
    changed = {table for table in before if before[table] != after[table]}
    # A rehearsal of the retention is kept as a report.
    assert changed <= {"personal_read", "worker_read", "retention_run"}


@pytest.mark.parametrize("service", NAMES)
async def test_another_encoding_than_utf_8_is_refused(service: str, applications: Applications) -> None:
    open, token = applications[service], applications.token()
    before = await open.content()
    for route in ROUTES:
        if route.values[0] != service:
            continue
        _, method, path = route.values
        text = json.dumps({"name": MARK, "subject": MARK}, ensure_ascii=False)
        for encoding in ("gb18030", "utf-16", "utf-32", "utf-8-sig"):
            _problem(await _send(open, method, path, token, text.encode(encoding)), {400, 422})
        packed = {"Content-Encoding": "gzip"}
        _problem(await _send(open, method, path, token, b"\x1f\x8b\x08\0\0\0\0\0", **packed), {400, 415})
        twice = f'{{"x": 1, "x": "{MARK}", "y": {{}}, "y": []}}'
        _problem(await _send(open, method, path, token, twice), {422})
    assert await open.content() == before
