"""What is past its period goes by itself, and a report says what went."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.exports.queries import words_before
from services.intake.retention.actions import NotAllErased
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.growth import OLD, YOUNG, analysed, behind, by_index, looked_at, multiply
from tests.support.web import problem

YEARS = timedelta(days=366)


async def reports(intake: Intake) -> list[dict[str, Any]]:
    answer = await intake.as_(Role.HEAD, "head-1").get("/v1/retention-runs")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def closed_request(intake: Intake, resident: str) -> str:
    receipt = await intake.file(resident)
    await intake.handled(receipt["id"], resident)
    await intake.move(receipt["id"], "verify")
    closed = await intake.move(receipt["id"], "close", {"outcome": "resolved"})
    assert closed.status_code == 200, closed.text
    return str(receipt["id"])


async def test_words_of_requests_go_five_years_after_closing_and_the_request_stays(intake: Intake) -> None:
    resident = await intake.resident()
    request = await closed_request(intake, resident)
    open_request = (await intake.file(resident))["id"]
    await intake.run("retention")
    assert (await intake.read(request))["body"] is not None
    intake.clock.advance(behind(intake) + 5 * YEARS)
    await intake.run("retention")
    record = await intake.read(request)
    assert (record["body"], record["state"]) == (None, "closed")
    assert (await intake.read(open_request))["body"] is not None, "it is not finished"
    assert (await reports(intake))[0]["counts"]["words"] == 1


async def test_reads_are_kept_three_years_and_longer_while_somebody_asks_about_them(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(2):
        await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"})
    own = intake.as_(Role.RESIDENT, resident)
    line = (await own.get(f"/v1/residents/{resident}/reads")).json()["items"][0]
    await own.post(f"/v1/residents/{resident}/reads/{line['id']}/questions", json={"text": "为什么？"})
    intake.clock.advance(3 * YEARS)
    await intake.run("retention")
    own = intake.as_(Role.RESIDENT, resident)
    left = (await own.get(f"/v1/residents/{resident}/reads")).json()["items"]
    assert [each["id"] for each in left] == [line["id"]]
    assert (await reports(intake))[0]["counts"]["reads"] == 1


async def test_who_asked_for_nothing_for_five_years_is_erased(intake: Intake) -> None:
    away, asking, housed = [await intake.resident(name=name) for name in ("张三", "李四", "王五")]
    await intake.as_().post("/v1/households", json={"head": housed})
    intake.clock.advance(4 * YEARS)
    await intake.file(asking)
    intake.clock.advance(YEARS + timedelta(days=30))
    await intake.run("retention")
    assert [event["resident"] for event in await intake.published("resident.erased")] == [away]
    (line,) = (await intake.as_(Role.HEAD, "head-1").get("/v1/erasures")).json()["items"]
    assert (line["resident"], line["reason"]) == (away, "period_over")
    report = (await reports(intake))[0]
    assert (report["counts"]["residents"], report["dry"]) == (1, False)
    await intake.run("retention")
    assert (await reports(intake))[0]["counts"]["residents"] == 0, "done twice it finds nothing"


async def test_one_who_cannot_be_erased_keeps_nobody_else_here(intake: Intake) -> None:
    broken, away = [await intake.resident(name=name) for name in ("张三", "李四")]
    elsewhere = await intake.resident(tenant="yuhu")
    await intake.change(f"UPDATE resident_key SET wrapped = '\\x00' WHERE resident = '{broken}'")  # noqa: S608 - an id
    intake.clock.advance(6 * YEARS)
    another = intake.another_process()
    with pytest.raises(NotAllErased, match="1 of 2"):
        await another.run("retention")
    assert [event["resident"] for event in await intake.published("resident.erased")] == [away]
    gone = await intake.published("resident.erased", tenant="yuhu")
    assert [event["resident"] for event in gone] == [elsewhere]
    counts = (await reports(intake))[0]["counts"]
    assert (counts["residents"], counts["residents_failed"]) == (1, 1)


async def test_words_of_records_of_the_past_go_by_when_they_were_filed(intake: Intake) -> None:
    record = await closed_request(intake, await intake.resident())
    await intake.change(
        "UPDATE request SET history = true, filed = '2019-03-01T00:00:00Z', closed = '2019-03-01T00:00:00Z'"
    )
    await intake.run("retention")
    assert (await intake.read(record))["body"] is None


async def test_words_that_are_kept_are_not_looked_at_every_night(intake: Intake, postgres: str) -> None:
    request = await closed_request(intake, await intake.resident())
    await multiply(intake, request, 2000, "request_text", made=YOUNG)
    await multiply(intake, request, 10, "request_text", made=OLD)
    await intake.change("UPDATE request SET closed = '2019-03-01T00:00:00Z' WHERE id::text LIKE '00000001%'")
    await analysed(intake, postgres, "request", "request_text")
    moment = intake.clock() - 5 * YEARS
    async with intake.database.transaction("longxi") as session:
        await by_index(session)
        before = await looked_at(session, "request", "request_text")
        assert len(await words_before(session, moment, count=100)) == 10
        assert await looked_at(session, "request", "request_text") - before < 100


async def test_a_rehearsal_counts_and_changes_nothing(intake: Intake) -> None:
    resident = await intake.resident()
    await closed_request(intake, resident)
    await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"})
    intake.clock.advance(behind(intake) + 6 * YEARS)
    head = intake.as_(Role.HEAD, "head-1")
    answer = await head.post("/v1/retention-runs/rehearsals")
    assert answer.status_code == 201, answer.text
    assert answer.json()["counts"] == {"words": 1, "reads": 1, "residents": 1}
    assert answer.json()["periods"] == {"words": 60, "reads": 36, "residents": 60}
    assert len(await intake.rows("SELECT request FROM request_text")) == 1
    assert len(await intake.rows("SELECT id FROM personal_read")) == 1
    assert await intake.published("resident.erased") == []
    problem(await intake.as_(Role.WORKER).post("/v1/retention-runs/rehearsals"), 403, "not-permitted")
