"""GeoReport v2 point by point (http://wiki.open311.org/GeoReport_v2): formats, discovery, services, jurisdictions, errors.

Each test is a sentence of the specification.
"""

import pytest

from shared.security import Role
from tests.services.intake.channels import Make, make_intake
from tests.services.intake.conftest import Intake
from tests.services.intake.open311 import V2, W3, ask, errors, filed, get, one, tree, two

__all__ = ["make_intake", "one", "two"]

# Formats and encoding


@pytest.mark.parametrize("path", ["discovery", "services", "services/0102", "requests"])
async def test_xml_and_json_with_their_content_types_in_utf_8(one: Intake, path: str) -> None:
    xml = await get(one, f"{path}.xml")
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert xml.content.startswith(b"<?xml"), "the declaration precedes the root element"
    assert b"encoding='utf-8'" in xml.content[:60]
    tree(xml)
    json = await get(one, f"{path}.json")
    assert json.headers["content-type"] == "application/json; charset=utf-8"
    json.json()


async def test_the_discovery_says_where_and_in_which_formats(one: Intake) -> None:
    told = (await get(one, "discovery.json")).json()
    assert {"changeset", "contact", "key_service", "endpoints"} == told.keys()
    (endpoint,) = told["endpoints"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["url"] == "http://test/open311/v2"
    assert endpoint["type"] == "test"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert W3.fullmatch(told["changeset"])
    assert W3.fullmatch(endpoint["changeset"])
    root = tree(await get(one, "discovery.xml"))
    assert root.tag == "discovery"
    assert [each.text for each in root.findall("endpoints/endpoint/formats/format")] == [
        "text/xml",
        "application/json",
    ]


# GET Service List, GET Service Definition


async def test_the_service_list_needs_no_key_and_has_every_field(one: Intake) -> None:
    services = (await get(one, "services.json")).json()
    for service in services:
        assert service.keys() == {
            "service_code",
            "service_name",
            "description",
            "metadata",
            "type",
            "keywords",
            "group",
        }
        assert isinstance(service["metadata"], bool)
        assert service["type"] in {"realtime", "batch", "blackbox"}
    codes = [service["service_code"] for service in services]
    assert len(set(codes)) == len(codes)
    root = tree(await get(one, "services.xml"))
    assert root.tag == "services"
    assert [each.findtext("service_code") for each in root.findall("service")] == codes
    assert {each.findtext("metadata") for each in root.findall("service")} <= {"true", "false"}


async def test_a_service_with_questions_has_metadata_and_a_definition(one: Intake) -> None:
    await ask(one)
    services = {each["service_code"]: each for each in (await get(one, "services.json")).json()}
    assert services["0102"]["metadata"] is True
    assert services["0101"]["metadata"] is False
    told = (await get(one, "services/0102.json")).json()
    assert told["service_code"] == "0102"
    for order, attribute in enumerate(told["attributes"], 1):
        assert attribute["order"] == order
        assert isinstance(attribute["variable"], bool)
        assert isinstance(attribute["required"], bool)
        assert attribute["datatype"] in {
            "string",
            "number",
            "datetime",
            "text",
            "singlevaluelist",
            "multivaluelist",
        }
    lamp = told["attributes"][0]
    assert (lamp["code"], lamp["datatype"], lamp["required"]) == ("lamp", "singlevaluelist", True)
    assert lamp["values"] == [{"key": "street", "name": "路灯"}, {"key": "stair", "name": "楼道灯"}]
    root = tree(await get(one, "services/0102.xml"))
    assert root.findtext("attributes/attribute/values/value/name") == "路灯"


async def test_a_service_without_questions_has_an_empty_definition(one: Intake) -> None:
    assert (await get(one, "services/0101.json")).json() == {"service_code": "0101", "attributes": []}


async def test_an_unknown_service_is_404(one: Intake) -> None:
    for code in ("9999", "05", "010214"):
        (error,) = errors(await get(one, f"services/{code}.xml", 404))
        assert error["code"] == 404
        assert "service_code" in error["description"]


# jurisdiction_id


@pytest.mark.parametrize("path", ["services", "services/0102", "requests", "requests/1", "tokens/1"])
@pytest.mark.parametrize("format", ["xml", "json"])
async def test_with_several_jurisdictions_one_has_to_be_named(two: Intake, path: str, format: str) -> None:
    (error,) = errors(await get(two, f"{path}.{format}", 400))
    assert "jurisdiction_id" in error["description"]
    (error,) = errors(await get(two, f"{path}.{format}", 404, jurisdiction_id="nowhere.gov"))
    assert error["code"] == 404
    assert "jurisdiction_id" in error["description"]
    (error,) = errors(await get(two, f"{path}.{format}", 400, jurisdiction_id=""))


async def test_a_jurisdiction_has_its_id_and_the_name_of_its_settings(two: Intake) -> None:
    for name in ("longxi", "longxi.gov.cn", "yuhu"):
        await get(two, "services.json", jurisdiction_id=name)


async def test_with_one_jurisdiction_nobody_has_to_name_it(one: Intake) -> None:
    await get(one, "requests.json")
    await get(one, "requests.json", jurisdiction_id="")
    await get(one, "requests.json", jurisdiction_id="longxi")
    await get(one, "requests.json", 404, jurisdiction_id="yuhu")


async def test_a_jurisdiction_that_is_switched_off_does_not_exist(make_intake: Make) -> None:
    off = await make_intake({"open311": {"enabled": False}})
    await get(off, "services.json", 404)
    await get(off, "services.json", 404, jurisdiction_id="longxi")


# Errors


async def test_addresses_that_do_not_exist_and_wrong_formats_are_said_in_the_standards_form(
    one: Intake,
) -> None:
    for path, status in (("nothing.json", 404), ("services.yaml", 400), ("nothing.xml", 404)):
        (error,) = errors(await get(one, path, status))
        assert error["code"] == status
    answer = await one.anybody().delete(f"{V2}/requests.json")
    assert answer.status_code == 400
    assert errors(answer)[0]["code"] == 400


async def test_the_rest_of_the_service_still_says_problems(one: Intake) -> None:
    answer = await one.anybody().get("/v1/requests")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


async def test_an_erased_resident_changes_nothing_of_what_everybody_sees(one: Intake) -> None:
    reference = await filed(one)
    before = (await get(one, f"requests/{reference}.json")).json()
    record = await one.read(reference)
    erased = await one.as_(Role.HEAD).delete(f"/v1/residents/{record['resident']}")
    assert erased.status_code in {200, 204}, erased.text
    assert (await get(one, f"requests/{reference}.json")).json() == before
    assert (await one.as_().get(f"/v1/requests/{record['id']}/report")).status_code == 410
