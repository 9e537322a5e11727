"""Lists of cases: whose, in which state, waiting, overdue."""

from datetime import timedelta

from shared.database import new_id
from tests.services.casework.conftest import Casework


async def test_cases_by_worker_state_and_due_time(casework: Casework) -> None:
    worker, other = await casework.worker(account="wang"), await casework.worker()
    now = casework.clock()
    cases = [await casework.file(due=now + timedelta(hours=at)) for at in (3, 1, 2, 4)]
    await casework.move(cases[1], "accept")
    listed = (await casework.get("/v1/cases"))["items"]
    assert [item["id"] for item in listed] == [str(cases[at]) for at in (1, 2, 0, 3)]
    mine = (await casework.as_worker("wang").get("/v1/cases?mine=true")).json()["items"]
    assert {item["worker"] for item in mine} == {str(worker)}
    his = (await casework.get(f"/v1/cases?assignee={other}"))["items"]
    assert len(mine) + len(his) == 4
    accepted = (await casework.get("/v1/cases?state=accepted&state=working"))["items"]
    assert [item["id"] for item in accepted] == [str(cases[1])]
    casework.clock.advance(timedelta(hours=2, minutes=1))
    overdue = (await casework.get("/v1/cases?overdue=true"))["items"]
    assert [item["id"] for item in overdue] == [str(cases[at]) for at in (1, 2)]


async def test_pages_end_where_the_list_ends(casework: Casework) -> None:
    await casework.worker()
    cases = {str(await casework.file(due=casework.clock())) for _ in range(5)}
    seen, path = [], "/v1/cases?limit=2"
    while path:
        page = await casework.get(path)
        seen += [item["id"] for item in page["items"]]
        path = f"/v1/cases?limit=2&cursor={page['next']}" if page.get("next") else ""
    assert len(seen) == 5
    assert set(seen) == cases


async def test_waiting_cases_are_found(casework: Casework) -> None:
    case = await casework.file()
    listed = (await casework.get("/v1/cases?waiting=true"))["items"]
    assert [(item["id"], item["waiting"]) for item in listed] == [(str(case), "nobody_available")]
    assert (await casework.get("/v1/cases?waiting=false"))["items"] == []


async def test_what_is_not_there_is_not_found(casework: Casework) -> None:
    for path in (f"/v1/cases/{new_id()}", f"/v1/cases/{new_id()}/story"):
        assert (await casework.client().get(path)).status_code == 404


async def test_an_unchanged_case_is_not_sent_again(casework: Casework) -> None:
    await casework.worker()
    case = await casework.file()
    first = await casework.client().get(f"/v1/cases/{case}")
    again = casework.client(headers={"If-None-Match": first.headers["ETag"]})
    assert (await again.get(f"/v1/cases/{case}")).status_code == 304
    await casework.move(case, "accept")
    assert (await again.get(f"/v1/cases/{case}")).status_code == 200
