"""Grids: one named owner each, one catch-all, every place in one grid, every address found."""

from uuid import UUID

import pytest

from shared.database import new_id
from shared.security import Role
from tests.services.casework.conftest import Casework
from tests.support.web import problem


async def test_a_grid_is_told_whole_with_owner_and_places(casework: Casework) -> None:
    owner = await casework.worker()
    grid = await casework.grid(owner, "b-1", kind="building", places=["龙溪花园三幢", "龙溪花园4栋"])
    assert await casework.published("grid.changed") == [
        {
            "grid": str(grid),
            "kind": "building",
            "code": "b-1",
            "grid_owner": str(owner),
            "places": ["龙溪花园3栋", "龙溪花园4栋"],
            "catch_all": True,
            "retired": False,
        }
    ]


async def test_a_grid_without_an_active_owner_cannot_exist(casework: Casework) -> None:
    body = {"code": "a-1", "kind": "area", "name": "一"}
    client = casework.client()
    assert (await client.post("/v1/grids", json=body)).status_code == 422
    problem(await client.post("/v1/grids", json={**body, "owner": str(new_id())}), 404, "unknown-worker")
    worker = await casework.worker(staff_number="9")
    off = {"staff_number": "9", "name": "张三", "active": False}
    await casework.client(headers={"If-Match": '"1"'}).put(f"/v1/workers/{worker}", json=off)
    answer = await client.post("/v1/grids", json={**body, "owner": str(worker)})
    problem(answer, 409, "grid-owner-not-active")
    assert await casework.published("grid.changed") == []


async def test_there_is_always_exactly_one_catch_all(casework: Casework) -> None:
    owner = await casework.worker()
    building = await casework.grid(owner, "b-1", kind="building")
    area = await casework.grid(owner, "a-1", kind="area")
    other = await casework.grid(owner, "a-2", kind="area")
    assert await _catch_alls(casework) == [area]
    told = [(event["code"], event["catch_all"]) for event in await casework.published("grid.changed")]
    assert told == [("b-1", True), ("b-1", False), ("a-1", True), ("a-2", False)]
    client = casework.client(headers={"If-Match": '"1"'})
    keep = {"name": "一", "owner": str(owner)}
    problem(await client.put(f"/v1/grids/{area}", json=keep), 409, "catch-all-stays")
    problem(await client.post(f"/v1/grids/{area}/retire"), 409, "catch-all-stays")
    assert (await client.put(f"/v1/grids/{other}", json={**keep, "catch_all": True})).status_code == 200
    assert await _catch_alls(casework) == [other]
    assert (await client.post(f"/v1/grids/{area}/retire")).status_code == 200
    problem(await client.post(f"/v1/grids/{area}/retire"), 409, "grid-retired")
    assert (await casework.get(f"/v1/grids/{building}"))["catch_all"] is False


async def test_a_place_belongs_to_one_grid(casework: Casework) -> None:
    owner = await casework.worker()
    first = await casework.grid(owner, "a-1", places=["龙溪路1至99号"])
    await casework.grid(owner, "b-1", kind="building", places=["龙溪花园3栋"])
    body = {
        "code": "b-2",
        "kind": "building",
        "name": "二",
        "owner": str(owner),
        "places": ["龙溪花园三号楼"],
    }
    refused = problem(await casework.client().post("/v1/grids", json=body), 409, "place-covered-twice")
    assert "b-1" in refused["detail"]
    assert "b-2" in refused["detail"]
    client = casework.client(headers={"If-Match": '"1"'})
    change = {"name": "一", "owner": str(owner), "catch_all": True, "places": ["龙溪路1-99号", "龙溪花园3栋"]}
    problem(await client.put(f"/v1/grids/{first}", json=change), 409, "place-covered-twice")
    answer = await casework.client().post("/v1/grids", json={**body, "places": ["龙溪花园3栋501室"]})
    problem(answer, 422, "unreadable-place")
    assert (await casework.client().post("/v1/grids", json={**body, "places": []})).status_code == 201


async def test_retired_places_may_be_given_to_another(casework: Casework) -> None:
    owner = await casework.worker()
    await casework.grid(owner, "a-1")
    old = await casework.grid(owner, "u-1", kind="unit", places=["龙溪小学"])
    await casework.client().post(f"/v1/grids/{old}/retire")
    assert (await casework.published("grid.changed"))[-1]["retired"] is True
    new = await casework.grid(owner, "u-2", kind="unit", places=["龙溪小学"])
    assert (await _resolve(casework, "龙溪小学"))["grid"] == str(new)
    assert [grid["code"] for grid in (await casework.get("/v1/grids"))["items"]] == ["a-1", "u-2"]
    assert [grid["code"] for grid in (await casework.get("/v1/grids?retired=true"))["items"]] == ["u-1"]


@pytest.mark.parametrize(
    ("address", "code", "place", "why"),
    [
        ("龙溪花园3栋2单元501室", "b-1", "龙溪花园3栋", "the building"),
        ("龙溪花园三幢501", "b-1", "龙溪花园3栋", "written another way"),
        ("龙溪小学门口", "u-1", "龙溪小学", "the institution"),
        ("龙溪路18号", "a-1", "龙溪路", "the street"),
        ("月亮湾不知名小路", "a-1", None, "nowhere known: the catch-all"),
    ],
)
async def test_every_address_finds_its_grid(
    casework: Casework, address: str, code: str, place: str | None, why: str
) -> None:
    owner = await casework.worker()
    await casework.grid(owner, "a-1", places=["龙溪路"])
    await casework.grid(owner, "u-1", kind="unit", places=["龙溪小学"])
    await casework.grid(owner, "b-1", kind="building", places=["龙溪花园3栋"])
    found = await _resolve(casework, address)
    assert (found["code"], found["place"], found["owner"]) == (code, place, str(owner)), why


async def test_without_grids_no_address_is_found(casework: Casework) -> None:
    answer = await casework.client().post("/v1/grids/resolve", json={"address": "龙溪路18号"})
    problem(answer, 404, "no-grid-yet")


async def test_a_new_owner_is_told_and_edits_do_not_collide(casework: Casework) -> None:
    owner, heir = await casework.worker(), await casework.worker()
    grid = await casework.grid(owner, "a-1", places=["龙溪路"])
    change = {"name": "一", "owner": str(heir), "catch_all": True, "places": ["龙溪路"]}
    client = casework.client(headers={"If-Match": '"1"'})
    assert (await client.put(f"/v1/grids/{grid}", json=change)).json()["version"] == 2
    problem(await client.put(f"/v1/grids/{grid}", json=change), 412, "precondition-failed")
    told = (await casework.published("grid.changed"))[-1]
    assert (told["grid_owner"], told["places"]) == (str(heir), ["龙溪路"])
    assert (await casework.get(f"/v1/grids?owner={heir}"))["items"][0]["id"] == str(grid)


async def test_workers_read_grids_and_do_not_draw_them(casework: Casework) -> None:
    owner = await casework.worker()
    body = {"code": "a-1", "kind": "area", "name": "一", "owner": str(owner)}
    assert (await casework.as_worker(owner).post("/v1/grids", json=body)).status_code == 403
    assert (await casework.as_worker(owner).get("/v1/grids")).status_code == 200
    assert (await casework.client(Role.RESIDENT).get("/v1/grids")).status_code == 403


async def _resolve(casework: Casework, address: str) -> dict[str, str]:
    answer = await casework.client(Role.PORTAL).post("/v1/grids/resolve", json={"address": address})
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def _catch_alls(casework: Casework) -> list[UUID]:
    grids = (await casework.get("/v1/grids"))["items"]
    return [UUID(grid["id"]) for grid in grids if grid["catch_all"]]
