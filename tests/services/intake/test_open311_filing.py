"""GeoReport v2 point by point (http://wiki.open311.org/GeoReport_v2): POST Service Request, and the token."""

import re

import pytest

from shared.database import new_id
from shared.security import Role
from tests.services.intake.channels import make_intake
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.open311 import V2, WORDS, ask, errors, filed, get, one, post, tree, two

__all__ = ["make_intake", "one", "two"]

# POST Service Request


async def test_posting_gives_the_number_at_once(one: Intake) -> None:
    answer = await post(one, **WORDS, account_id="user-7")
    (told,) = answer.json()
    assert told.keys() == {"service_request_id", "service_notice", "account_id"}, "and never a token"
    assert told["account_id"] == "user-7"
    assert (await get(one, f"requests/{told['service_request_id']}.json")).json()[0]["status"] == "open"
    xml = await post(one, 200, "xml", **{**WORDS, "phone": "19900001235"})
    root = tree(xml)
    assert root.tag == "service_requests"
    assert re.fullmatch(r"\d{6}-\d{6}-\d", root.findtext("request/service_request_id") or "")
    assert root.find("request/token") is None


async def test_what_was_said_is_filed_like_every_other_request(one: Intake) -> None:
    reference = await filed(one)
    record = await one.read(reference)
    assert (record["body"], record["address"]) == (WORDS["description"], WORDS["address_string"])
    assert (record["channel"], record["category"]) == ("portal", "0102")
    assert record["filed_by"]["role"] == "portal"
    assert record["filed_by"]["on_behalf"] is True
    resident = (
        await one.as_().get(f"/v1/residents/{record['resident']}", headers={"X-Purpose": "handle_request"})
    ).json()
    assert (resident["name"], resident["phone"], resident["email"]) == (
        "张三",
        "19900001234",
        "zhang@example.com",
    )
    (event,) = await one.published("request.filed")
    assert (event["reference"], event["channel"]) == (reference, "portal")


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"service_code": ""}, 400, "service_code"),
        ({"service_code": "9999"}, 404, "service_code"),
        ({"jurisdiction_id": "nowhere"}, 404, "jurisdiction_id"),
        ({"address_string": ""}, 400, "lat"),
        ({"address_string": "", "lat": "30.1"}, 400, "long"),
        ({"lat": "91", "long": "100"}, 400, "lat"),
        ({"lat": "north", "long": "100"}, 400, "lat"),
        ({"description": "字" * 4001}, 400, "4000"),
        ({"address_id": "no-grid", "address_string": ""}, 400, "address_id"),
        ({"address_id": "019a0000-0000-7000-8000-0000000000ff"}, 400, "address_id"),
        ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
        ({"phone": "call me"}, 400, "phone"),
        ({"attribute[colour]": "red"}, 400, "attribute"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("format", ["xml", "json"])
async def test_what_is_wrong_is_said_in_the_format_that_was_asked_for(
    one: Intake, changes: dict[str, str], status: int, says: str, format: str
) -> None:
    answer = await post(one, status, format, **{**WORDS, **changes})
    media = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}[format]
    assert answer.headers["content-type"] == media
    found = errors(answer)
    assert {error["code"] for error in found} == {status}
    english = await one.anybody(**{"Accept-Language": "en"}).post(
        f"{V2}/requests.{format}",
        data={**WORDS, **changes, "api_key": await one.key("requests:file")},
    )
    assert says in english.text
    assert await one.published() == []


async def test_several_errors_are_all_said(one: Intake) -> None:
    found = errors(await post(one, 400, **{**WORDS, "email": "nobody", "lat": "200", "long": "1"}))
    assert len(found) == 2


@pytest.mark.parametrize("key", [None, "", "lxk_wrong", "something else", "密钥"])
@pytest.mark.parametrize("format", ["xml", "json"])
async def test_a_missing_or_wrong_key_is_403(one: Intake, key: str | None, format: str) -> None:
    form = {**WORDS} if key is None else {**WORDS, "api_key": key}
    answer = await one.anybody().post(f"{V2}/requests.{format}", data=form)
    assert answer.status_code == 403
    (error,) = errors(answer)
    assert error["code"] == 403
    assert await one.published() == []


async def test_a_key_of_another_jurisdiction_is_403(two: Intake) -> None:
    key = await two.key("requests:file", tenant="yuhu")
    await post(two, 403, **WORDS, jurisdiction_id="longxi", api_key=key)
    await post(two, **WORDS, jurisdiction_id="yuhu", api_key=key)


async def test_a_key_that_may_not_file_is_403(one: Intake) -> None:
    await post(one, 403, **WORDS, api_key=await one.key("requests:read"))


async def test_what_is_no_form_is_400(one: Intake) -> None:
    client = one.anybody(Authorization=f"Bearer {await one.key('requests:file')}")
    answer = await client.post(f"{V2}/requests.json", json=WORDS)
    assert answer.status_code == 400
    errors(answer)


async def test_a_body_that_is_too_large_is_400_in_the_standards_form(one: Intake) -> None:
    answer = await one.anybody().post(f"{V2}/requests.json", data={"description": "x" * 1_100_000})
    assert answer.status_code == 400
    assert errors(answer)[0]["code"] == 400


async def test_attributes_are_answered_by_name_and_required_where_they_are(one: Intake) -> None:
    await ask(one)
    assert "lamp" in errors(await post(one, 400, **WORDS))[0]["description"]
    errors(await post(one, 400, **WORDS, **{"attribute[lamp]": "moon"}))
    reference = await filed(
        one,
        **{
            "attribute[lamp]": "stair",
            "attribute[since]": "2026-11-01T00:00:00Z",
            "attribute[dark]": "yes",
            "attribute[many]": "3",
        },
    )
    answers = {each["key"]: each["value"] for each in (await one.read(reference))["answers"]}
    assert answers == {"lamp": "stair", "since": "2026-11-01", "dark": True, "many": 3}


async def test_coordinates_and_media_are_kept_for_whoever_handles_it_and_shown_to_nobody(one: Intake) -> None:
    form = {"lat": "30.27415", "long": "120.15515", "media_url": "https://pictures.example/1.jpg"}
    reference = await filed(one, **form)
    record = await one.read(reference)
    kept = await one.as_().get(f"/v1/requests/{record['id']}/report")
    assert kept.json() == {
        "request": record["id"],
        "lat": 30.27415,
        "long": 120.15515,
        "address_id": None,
        "media_url": "https://pictures.example/1.jpg",
    }
    public = (await get(one, f"requests/{reference}.json", extensions="true")).text
    assert "30.27" not in public
    assert "pictures" not in public
    (row,) = await one.rows("SELECT sealed FROM request_report")
    assert b"30.27" not in bytes(row.sealed)
    reads = (await one.as_(Role.HEAD).get(f"/v1/residents/{record['resident']}/reads")).text
    assert "request.report" in reads


async def test_an_address_id_is_a_grids(one: Intake) -> None:
    area = new_id()
    await one.receive(grid(("玉泉路",), grid=area))
    reference = await filed(one, address_string="", address_id=str(area))
    assert (await one.read(reference))["grid"] == str(area)
    assert (await get(one, f"requests/{reference}.json")).json()[0]["address_id"] == str(area)


async def test_an_account_is_one_resident_however_often_it_files(one: Intake) -> None:
    key = await one.key("requests:file")
    first = await filed(one, account_id="user-7", api_key=key)
    second = await filed(one, account_id="user-7", api_key=key)
    assert (await one.read(first))["resident"] == (await one.read(second))["resident"]
    other = await filed(one, account_id="user-7", api_key=await one.key("requests:file"))
    assert (await one.read(first))["resident"] != (await one.read(other))["resident"], "another portal's"


async def test_the_same_idempotency_key_files_once_whatever_the_format(one: Intake) -> None:
    key = await one.key("requests:file")
    client = one.anybody(**{"Idempotency-Key": "call-1"})
    first = await client.post(f"{V2}/requests.json", data={**WORDS, "api_key": key})
    again = await client.post(f"{V2}/requests.json", data={**WORDS, "api_key": key})
    assert first.json() == again.json()
    assert len(await one.published("request.filed")) == 1


async def test_who_says_nothing_of_themselves_files_anonymously_where_that_is_taken(
    one: Intake, two: Intake
) -> None:
    silent = {"service_code": "0102", "address_string": "玉泉路8号", "description": "井盖松动"}
    (told,) = (await post(one, **silent)).json()
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", told["service_notice"])
    assert code is not None
    followed = await one.anybody().post(
        "/v1/requests/follow",
        json={"tenant": "longxi", "reference": told["service_request_id"], "code": code[0]},
    )
    assert followed.json()["state"] == "filed"
    await post(two, 400, **silent, jurisdiction_id="longxi")


# GET service_request_id from a token


async def test_a_token_gives_the_number(one: Intake) -> None:
    reference = await filed(one)
    id = (await one.read(reference))["id"]
    assert (await get(one, f"tokens/{id}.json")).json() == [{"service_request_id": reference, "token": id}]
    root = tree(await get(one, f"tokens/{id}.xml"))
    assert root.findtext("request/token") == id
    errors(await get(one, f"tokens/{new_id()}.json", 404))
    errors(await get(one, "tokens/12345.xml", 404))
