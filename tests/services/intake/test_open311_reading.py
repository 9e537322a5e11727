"""GeoReport v2 point by point (http://wiki.open311.org/GeoReport_v2): GET Service Requests and GET Service Request.

What everybody may read has nothing of what somebody said.
"""

from datetime import UTC, datetime, timedelta

from shared.database import new_id
from tests.services.intake.channels import Make, make_intake
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.open311 import V2, W3, errors, filed, get, one, tree

__all__ = ["make_intake", "one"]

REQUEST_FIELDS = {
    "service_request_id",
    "status",
    "status_notes",
    "service_name",
    "service_code",
    "description",
    "agency_responsible",
    "service_notice",
    "requested_datetime",
    "updated_datetime",
    "expected_datetime",
    "address",
    "address_id",
    "zipcode",
    "lat",
    "long",
    "media_url",
}


# GET Service Requests, GET Service Request


async def test_a_request_has_every_field_and_nothing_that_somebody_said(one: Intake) -> None:
    await one.receive(grid(("龙溪花园3栋",), catch_all=True))
    reference = await filed(one)
    (told,) = (await get(one, "requests.json")).json()
    assert told.keys() == REQUEST_FIELDS
    assert told["service_request_id"] == reference
    assert (told["service_code"], told["service_name"]) == ("0102", "城市建设和市政管理")
    assert (told["status"], told["status_notes"]) == ("open", "受理")
    assert told["agency_responsible"] == "龙溪社区"
    assert told["address"] == "龙溪花园3栋", "the place by which the grid was found, and no flat"
    for field in ("requested_datetime", "updated_datetime", "expected_datetime"):
        assert W3.fullmatch(told[field]), field
    assert told["expected_datetime"] == "2026-11-25T09:30:00Z"
    for field in ("description", "lat", "long", "zipcode", "media_url"):
        assert told[field] is None
    for answer in (
        await get(one, "requests.xml", extensions="true"),
        await get(one, f"requests/{reference}.json", extensions="true"),
    ):
        for word in ("王五", "楼道灯", "501", "张", "19900001234", "zhang@"):
            assert word not in answer.text, word
    root = tree(await get(one, f"requests/{reference}.xml"))
    assert root.tag == "service_requests"
    (request,) = root.findall("request")
    assert {each.tag for each in request} == REQUEST_FIELDS
    assert request.findtext("description") == ""


async def test_places_are_left_out_where_the_community_says_so(make_intake: Make) -> None:
    careful = await make_intake({"open311": {"places": False}})
    await careful.receive(grid(("龙溪花园3栋",), catch_all=True))
    await filed(careful)
    (told,) = (await get(careful, "requests.json")).json()
    assert told["address"] is None
    assert told["address_id"] is not None


async def test_what_is_withheld_or_has_no_category_is_nowhere(one: Intake) -> None:
    hidden = [(await one.file(category=code))["reference"] for code in ("0505", "120501")]
    unsaid = await one.file(category="0102")
    hidden.append(unsaid["reference"])
    await one.change(f"UPDATE request SET category = NULL WHERE id = '{unsaid['id']}'")  # noqa: S608 - ours
    assert (await get(one, "requests.json")).json() == []
    assert (await get(one, "requests.json", service_request_id=",".join(hidden))).json() == []
    for reference in hidden:
        await get(one, f"requests/{reference}.json", 404)


async def test_states_are_open_or_closed_and_notes_say_more(one: Intake) -> None:
    resident = await one.resident()
    fresh = (await one.file(resident, category="0102"))["reference"]
    rejected = await one.file(resident, category="0102")
    await one.move(rejected["id"], "reject", {"reason": "out_of_area"})
    done = await one.file(resident, category="010214")
    await one.move(done["id"], "accept")
    await one.handled(done["id"], resident)
    await one.move(done["id"], "verify")
    one.clock.advance(timedelta(hours=1))
    assert (await one.move(done["id"], "close", {"outcome": "resolved"})).status_code == 200
    closed_at = one.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
    found = {each["service_request_id"]: each for each in (await get(one, "requests.json")).json()}
    assert found[fresh]["status"] == "open"
    assert (found[rejected["reference"]]["status"], found[rejected["reference"]]["status_notes"]) == (
        "closed",
        "不予受理：不在本社区辖区",
    )
    told = found[done["reference"]]
    assert (told["status"], told["status_notes"]) == ("closed", "结案：已解决")
    assert told["updated_datetime"] == closed_at, "of a closed one the time it was closed"
    opened = (await get(one, "requests.json", status="open")).json()
    assert [each["service_request_id"] for each in opened] == [fresh]
    assert len((await get(one, "requests.json", status="closed")).json()) == 2
    assert len((await get(one, "requests.json", status="open,closed")).json()) == 3
    errors(await get(one, "requests.xml", 400, status="pending"))


async def test_ids_override_all_other_arguments(one: Intake) -> None:
    first, second, _ = [await filed(one) for _ in range(3)]
    found = (
        await get(
            one,
            "requests.json",
            service_request_id=f"{first},{second}",
            status="nonsense",
            start_date="never",
            service_code="9999",
        )
    ).json()
    assert {each["service_request_id"] for each in found} == {first, second}
    assert (await get(one, "requests.json", service_request_id="no-such")).json() == []


async def test_services_are_chosen_with_commas_or_by_repeating(one: Intake) -> None:
    resident = await one.resident()
    for code in ("0102", "010214", "0106", "01"):
        await one.file(resident, category=code)

    async def codes(path: str) -> list[str]:
        answer = await one.anybody().get(f"{V2}/requests.json?{path}")
        return sorted(each["service_code"] for each in answer.json())

    assert await codes("service_code=0102") == ["0102", "0102"]
    assert await codes("service_code=0102,0106") == ["0102", "0102", "0106"]
    assert await codes("service_code=0106&service_code=01") == ["01", "0106"]
    assert await codes("service_code=") == ["01", "0102", "0102", "0106"]
    assert await codes("service_code=x") == []


async def test_the_range_is_the_last_ninety_days_and_no_longer_than_that(one: Intake) -> None:
    old = await filed(one)
    one.clock.advance(timedelta(days=91))
    new = await filed(one)

    async def found(**params: str) -> set[str]:
        return {each["service_request_id"] for each in (await get(one, "requests.json", **params)).json()}

    assert await found() == {new}
    start = (one.clock() - timedelta(days=92)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await found(start_date=start) == {old}
    end = (one.clock() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await found(end_date=end) == {old}
    (error,) = errors(
        await get(
            one,
            "requests.xml",
            400,
            start_date=start,
            end_date=datetime(2027, 2, 17, 2, 0, 1, tzinfo=UTC).isoformat(),
        )
    )
    assert "90" in error["description"]
    errors(await get(one, "requests.json", 400, start_date="01/02/2026"))


async def test_the_latest_come_first_in_pages_of_at_most_a_thousand(one: Intake) -> None:
    numbers = []
    for _ in range(5):
        numbers.append(await filed(one))
        one.clock.advance(timedelta(minutes=1))
    latest = list(reversed(numbers))
    found = [each["service_request_id"] for each in (await get(one, "requests.json")).json()]
    assert found == latest
    second = (await get(one, "requests.json", page_size="2", page="2")).json()
    assert [each["service_request_id"] for each in second] == latest[2:4]
    for wrong in ({"page_size": "1001"}, {"page": "0"}, {"page": "x"}):
        errors(await get(one, "requests.json", 400, **wrong))


async def test_an_unknown_request_is_404(one: Intake) -> None:
    for id in ("261118-123456-7", "638344", str(new_id())):
        (error,) = errors(await get(one, f"requests/{id}.json", 404))
        assert "service_request_id" in error["description"]


async def test_extensions_are_there_for_whoever_asks(one: Intake) -> None:
    reference = await filed(one)
    id = (await one.read(reference))["id"]
    await one.move(id, "accept")
    (told,) = (await get(one, f"requests/{reference}.json", extensions="true")).json()
    assert told["extended_attributes"]["state"] == "accepted"
    assert told["extended_attributes"]["channel"] == "portal"
    assert [(note["type"], note["description"]) for note in told["notes"]] == [
        ("filed", "受理"),
        ("accept", "立案"),
    ]
    root = tree(await get(one, "requests.xml", extensions="true"))
    assert root.findtext("request/extended_attributes/urgency") == "normal"
    assert len(root.findall("request/notes/note")) == 2
