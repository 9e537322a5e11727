"""The anonymised list: nothing in it is rarer than the community says, and nothing leads back to a request."""

import csv
import io
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.open_data.actions import release
from services.intake.open_data.rules import Publishing
from tests.services.intake.channels import Make, make_intake
from tests.services.intake.conftest import Intake, grid
from tests.support.web import problem

__all__ = ["make_intake"]

LEAST = 3
PATH = "/v1/open-data/requests"


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    intake = await make_intake({"open_data": {"enabled": True, "least": LEAST}}, "yuhu")
    await intake.receive(grid(("龙溪花园",)))
    await intake.receive(grid((), catch_all=True))
    return intake


async def shown(intake: Intake, **params: Any) -> dict[str, Any]:
    answer = await intake.anybody().get(PATH, params={"tenant": "longxi", **params})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def key(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["category"], item["place"], item["grid"], item["period"]


async def test_enough_that_look_alike_are_shown_by_day_and_the_rest_coarser(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(LEAST):
        await intake.file(resident, category="010214", address="龙溪花园3栋")
    for code in ("0106", "0107", "0108"):
        await intake.file(resident, category=code, address="龙溪花园3栋")
    await intake.file(resident, category="1501", address="某条没人知道的路8号")
    await intake.run("open-data")
    page = await shown(intake)
    fine = [item for item in page["items"] if item["period"] == "2026-11-18"]
    assert [(item["category"], item["place"]) for item in fine] == [("0102", "龙溪花园")] * LEAST
    coarse = [item for item in page["items"] if item["period"] == "2026-11"]
    assert [(item["category"], item["place"]) for item in coarse] == [("01", "龙溪花园")] * 3
    assert (page["shown"], page["left_out"]) == (6, 1), "one alone in its month is not there at all"


async def test_nothing_leads_back_to_a_request(intake: Intake) -> None:
    resident = await intake.resident()
    filed = [
        await intake.file(resident, category="0102", address="龙溪花园3栋2单元501室") for _ in range(LEAST)
    ]
    await intake.run("open-data")
    text = str(await shown(intake))
    for receipt in filed:
        for secret in (receipt["id"], receipt["reference"], receipt["resident"], "501", "路灯"):
            assert secret not in text
    rows = {item["row"] for item in (await shown(intake))["items"]}
    await intake.run("open-data")
    assert {item["row"] for item in (await shown(intake))["items"]} == rows, "the same in every release"


async def test_what_is_withheld_is_not_there_however_often(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(LEAST):
        await intake.file(resident, category="0505")
        await intake.file(resident, category="0102")
    await intake.change("UPDATE request SET category = NULL WHERE category = '0102'")
    await intake.run("open-data")
    page = await shown(intake)
    assert (page["items"], page["left_out"]) == ([], 2 * LEAST)


async def test_a_list_changes_at_night_and_not_with_each_request(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(LEAST):
        await intake.file(resident, category="0102")
    problem(await intake.anybody().get(PATH, params={"tenant": "longxi"}), 404, "no-open-data")
    await intake.run("open-data")
    before = await shown(intake)
    await intake.file(resident, category="0102")
    assert await shown(intake) == before


async def test_a_night_writes_only_what_is_not_as_it_was(intake: Intake) -> None:
    async def released() -> set[Any]:
        async with intake.database.transaction("longxi") as session:
            publishing = Publishing(open_data=True, least=LEAST)
            await release(session, intake.keyring, publishing, now=intake.clock())
        return set(await intake.rows("SELECT row, xmin::text AS version, status FROM open_request"))

    resident = await intake.resident()
    filed = [await intake.file(resident, category=code) for code in ("0102", "0206") for _ in range(LEAST)]
    await intake.change(
        "INSERT INTO open_request (row, period, precision, status, urgency, channel)"
        " VALUES ('1', '2026-11-18', 'day', 'open', 'normal', 'phone')",
        tenant="yuhu",
    )
    first = await released()
    assert len(first) == 2 * LEAST
    assert await released() == first
    await intake.move(filed[0]["id"], "reject", {"reason": "out_of_area"})
    await intake.change(f"UPDATE request SET category = NULL WHERE id = '{filed[-1]['id']}'")  # noqa: S608 - an id
    second = await released()
    assert len(second) == LEAST, "of the other kind too few are left"
    assert [row.status for row in second - first] == ["closed"]
    assert len(await intake.rows("SELECT row FROM open_request", tenant="yuhu")) == 1, "it is another's"


async def test_pages_and_days(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(2):
        for _ in range(LEAST):
            await intake.file(resident, category="0102")
        intake.clock.advance(timedelta(days=1))
    await intake.run("open-data")
    first = await shown(intake, limit=4)
    second = await shown(intake, limit=4, cursor=first["next"])
    rows = [item["row"] for item in first["items"] + second["items"]]
    assert len(rows) == len(set(rows)) == 2 * LEAST
    assert second["next"] is None
    assert len((await shown(intake, **{"from": "2026-11-19"}))["items"]) == LEAST
    assert len((await shown(intake, to="2026-11-18"))["items"]) == LEAST


async def test_csv_says_the_same_and_where_it_goes_on(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(LEAST):
        await intake.file(resident, category="0102")
    await intake.run("open-data")
    answer = await intake.anybody().get(PATH, params={"tenant": "longxi", "format": "csv", "limit": 2})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    link = answer.headers["link"]
    assert link.endswith('rel="next"')
    rest = await intake.anybody().get(link[1 : link.index(">")])
    lines += list(csv.DictReader(io.StringIO(rest.text.removeprefix("\ufeff"))))
    items = (await shown(intake))["items"]
    assert [line["row"] for line in lines] == [item["row"] for item in items]
    assert lines[0]["category_name"] == "城市建设和市政管理"
    assert "link" not in rest.headers


async def test_a_community_that_offers_none_has_none(intake: Intake) -> None:
    for tenant in ("yuhu", "nowhere"):
        problem(await intake.anybody().get(PATH, params={"tenant": tenant}), 404, "no-open-data")
    assert await intake.rows("SELECT row FROM open_request", tenant="yuhu") == []


FILED = st.lists(
    st.tuples(
        st.sampled_from(["010214", "010203", "0106", "1501", "150102", "09"]),
        st.sampled_from(["龙溪花园3栋", "某条没人知道的路8号", None]),
        st.sampled_from(["2026-11-01", "2026-11-02", "2026-12-01"]),
    ),
    max_size=25,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILED)
async def test_whatever_was_filed_nothing_shown_is_rarer_than_allowed(
    intake: Intake, filed: list[tuple[str, str | None, str]]
) -> None:
    """k-anonymity: every combination of category, place, grid and period that is shown is shared by `least` rows."""
    resident = await intake.resident()
    for category, address, day in filed:
        place = {} if address is None else {"address": address}
        receipt = await intake.file(resident, category=category, **place)
        await intake.change(f"UPDATE request SET filed = '{day}T04:00:00Z' WHERE id = '{receipt['id']}'")  # noqa: S608
    await intake.run("open-data")
    page = await shown(intake, limit=1000)
    groups = Counter(key(item) for item in page["items"])
    assert all(number >= LEAST for number in groups.values()), groups
    # Of all examples so far: they stay, so that groups grow as they do in earnest.
    (every,) = await intake.rows("SELECT count(*) AS number FROM request")
    assert page["shown"] + page["left_out"] == every.number
