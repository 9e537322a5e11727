"""A community's register: a dry run that shows what would change, applied once however often it is asked."""

import asyncio
import time
from datetime import date, timedelta
from typing import Any

from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.support.identities import number_of
from tests.support.web import problem

HEADER = "姓名,身份证号,电话,住址,性别,户号,与户主关系"
FATHER, MOTHER = number_of(date(1958, 3, 4), 1), number_of(date(1960, 5, 6), 2)
FILE = "\n".join(
    [
        HEADER,
        f"张三,{FATHER},19900000001,龙溪花园3栋2单元501室,男,A-1,户主",
        f"李四,{MOTHER},19900000001,龙溪花园3栋2单元501室,,A-1,妻",
        "王五,,19900000003,龙溪花园4栋,女,,",
        f"错误,{MOTHER[:-1]}{'0' if MOTHER[-1] != '0' else '1'},19900000004,,,,",
        f"张三,{FATHER},19900000001,,,,",
    ]
)


async def begin(intake: Intake) -> str:
    answer = await intake.as_(Role.HEAD, "head-1").post("/v1/registers", json={"source": "police"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def send(intake: Intake, run: str, text: str, **query: Any) -> Any:
    return await intake.as_(Role.HEAD, "head-1").post(
        f"/v1/registers/{run}/parts",
        content=text.encode(),
        headers={"Content-Type": "text/csv; charset=utf-8"},
        params=query,
    )


async def apply(intake: Intake, run: str) -> Any:
    return await intake.as_(Role.HEAD, "head-1").post(f"/v1/registers/{run}/apply")


async def lines(intake: Intake, run: str) -> dict[int, dict[str, Any]]:
    answer = await intake.as_(Role.HEAD, "head-1").get(f"/v1/registers/{run}/rows", params={"limit": 200})
    return {line["number"]: line for line in answer.json()["items"]}


def counts(answer: Any) -> tuple[int, int, int, int]:
    state = answer.json()
    return state["new"], state["changed"], state["same"], state["refused"]


async def test_a_dry_run_shows_what_would_change_and_changes_nothing(intake: Intake) -> None:
    known = await intake.resident(name="王五", phone="19900000003", address="龙溪花园1栋", gender=None)
    run = await begin(intake)
    sent = await send(intake, run, FILE)
    assert sent.status_code == 200, sent.text
    assert counts(sent) == (2, 1, 0, 2)
    shown = await lines(intake, run)
    assert {number: line["outcome"] for number, line in shown.items()} == {
        2: "new",
        3: "new",
        4: "changed",
        5: "refused",
        6: "refused",
    }
    assert (shown[4]["resident"], shown[4]["fields"]) == (known, ["address", "gender"])
    assert [problem["code"] for problem in shown[5]["problems"]] == ["wrong_id_number"]
    assert [problem["code"] for problem in shown[6]["problems"]] == ["twice"]
    assert len(await intake.rows("SELECT id FROM resident")) == 1
    rows = await intake.rows("SELECT register_row::text AS text FROM register_row")
    for said in ("张三", "19900000001", FATHER):
        assert not any(said in row.text or said.encode().hex() in row.text for row in rows)
    reads = await intake.as_(Role.RESIDENT, known).get(f"/v1/residents/{known}/reads")
    assert reads.json()["items"][0]["purpose"] == "register"


async def test_it_is_applied_once_however_often_it_is_asked(intake: Intake) -> None:
    place = grid(("龙溪花园3栋",))
    await intake.receive(place)
    known = await intake.resident(name="王五", phone="19900000003", email="wang@example.org", gender=None)
    run = await begin(intake)
    await send(intake, run, FILE)
    answers = await asyncio.gather(*(apply(intake, run) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await apply(intake, run)).json()["state"] == "applied"
    assert len(await intake.rows("SELECT id FROM resident")) == 3
    found = await intake.as_().post("/v1/residents/find", json={"id_number": FATHER})
    (father,) = found.json()["residents"]
    record = (await intake.as_().get(f"/v1/residents/{father}", headers={"X-Purpose": "visit"})).json()
    assert (record["name"], record["gender"], record["birth_date"]) == ("张三", "male", "1958-03-04")
    wang = (await intake.as_().get(f"/v1/residents/{known}", headers={"X-Purpose": "visit"})).json()
    assert (wang["address"], wang["gender"], wang["email"]) == ("龙溪花园4栋", "female", "wang@example.org")
    by_number = await intake.as_().post("/v1/households/find", json={"number": "A-1"})
    household = (await intake.as_().get(f"/v1/households/{by_number.json()['household']}")).json()
    assert (household["address"], household["grid"]) == ("龙溪花园3栋2单元501室", str(place.grid))
    assert [member["relation"] for member in household["members"]] == ["head", "spouse"]
    assert await intake.rows("SELECT run FROM register_key") == [], "what was sent is destroyed"
    assert await intake.rows("SELECT run FROM register_row WHERE sealed IS NOT NULL") == []
    problem(await send(intake, run, FILE), 409, "register-closed")

    again = await begin(intake)
    assert counts(await send(intake, again, FILE)) == (0, 0, 3, 2)


async def test_the_same_file_sent_twice_and_applied_at_once_makes_nobody_twice(intake: Intake) -> None:
    runs = [await begin(intake) for _ in range(3)]
    for run in runs:
        await send(intake, run, FILE)
    answers = await asyncio.gather(*(apply(intake, run) for run in runs))
    assert {answer.status_code for answer in answers} == {200}
    assert len(await intake.rows("SELECT id FROM resident")) == 3


async def test_what_changes_is_found_anew_when_it_is_applied(intake: Intake) -> None:
    run = await begin(intake)
    await send(intake, run, FILE)
    by_hand = await intake.resident(name="张三", id_number=FATHER, phone="19900000001", gender=None)
    assert (await apply(intake, run)).json()["left"] == 0
    found = await intake.as_().post("/v1/residents/find", json={"id_number": FATHER})
    assert found.json() == {"residents": [by_hand]}
    assert (await lines(intake, run))[2]["resident"] == by_hand


async def test_a_part_that_is_sent_again_takes_the_place_of_the_first(intake: Intake) -> None:
    run = await begin(intake)
    await send(intake, run, FILE)
    sent = await send(intake, run, f"{HEADER}\n赵六,,19900000006,,,,", first_line=1)
    assert counts(sent) == (3, 0, 0, 2), "line 2 is another now"
    more = await send(intake, run, f"{HEADER}\n孙七,,19900000007,,,,", first_line=6)
    assert counts(more) == (4, 0, 0, 2)
    assert 7 in await lines(intake, run)


async def test_what_nobody_applies_is_destroyed_after_a_day(intake: Intake) -> None:
    run = await begin(intake)
    await send(intake, run, FILE)
    intake.clock.advance(timedelta(hours=25))
    await intake.run("register-keeping")
    assert await intake.rows("SELECT run FROM register_row WHERE sealed IS NOT NULL") == []
    problem(await apply(intake, run), 409, "register-closed")


async def test_what_a_file_says_of_somebody_who_is_erased_goes_too(intake: Intake) -> None:
    """It is sealed with the run's key, which lives on for the others."""
    known = await intake.resident(name="王五", phone="19900000003", gender=None)
    run = await begin(intake)
    await send(intake, run, FILE)
    await intake.as_(Role.HEAD, "head-1").delete(f"/v1/residents/{known}")
    (row,) = await intake.rows("SELECT sealed FROM register_row WHERE number = 4")
    assert row.sealed is None
    await apply(intake, run)
    found = await intake.as_().post("/v1/residents/find", json={"phone": "19900000003"})
    assert found.json() == {"residents": []}, "an open file brings nobody back"


async def test_what_is_no_register_is_refused(intake: Intake) -> None:
    run = await begin(intake)
    problem(await send(intake, run, "姓名,住址\n张三,龙溪花园"), 422, "unreadable-register")
    problem(await send(intake, run, ""), 422, "unreadable-register")
    answer = await intake.as_(Role.HEAD, "head-1").post(f"/v1/registers/{run}/parts", json={})
    problem(answer, 415, "not-a-table")
    problem(await intake.as_(Role.WORKER).post("/v1/registers", json={"source": "x"}), 403, "not-permitted")


async def test_two_thousand_rows_take_seconds(intake: Intake) -> None:
    """Five times as many are 10,000: the number of statements does not grow with the rows of a batch. Printed, not
    asserted: the machine decides."""
    rows = [
        f"居民{number},{number_of(date(1950 + number % 50, 1 + number % 12, 1 + number % 28), number % 1000)},"
        f"1990{number:07},龙溪花园{number % 20}栋{number}室,,H{number // 3},{'户主' if number % 3 == 0 else '子'}"
        for number in range(2000)
    ]
    run = await begin(intake)
    started = time.monotonic()
    sent = await send(intake, run, "\n".join([HEADER, *rows]))
    assert sent.status_code == 200, sent.text
    new, _, _, refused = counts(sent)
    shown = time.monotonic() - started
    while (await apply(intake, run)).json()["left"]:
        pass
    print(f"2000 rows: shown in {shown:.1f} s, applied in {time.monotonic() - started - shown:.1f} s")
    assert len(await intake.rows("SELECT id FROM resident")) == new == 2000 - refused
    heads = await intake.rows(
        "SELECT household FROM household_member WHERE ended IS NULL AND relation = 'head' GROUP BY 1"
    )
    households = await intake.rows("SELECT id FROM household WHERE ended IS NULL")
    assert len(heads) == len(households) > 600
