"""Near duplicates are found at filing, offered without a word of anybody's, and forgotten when they should be."""

from datetime import timedelta
from uuid import UUID

from services.intake.duplicates.actions import forget_past
from shared.calendar import SHANGHAI
from shared.security import Role
from tests.services.intake.conftest import Intake, grid
from tests.services.intake.growth import OLD, YOUNG, analysed, behind, by_index, looked_at, multiply
from tests.support.web import problem

LAMP = {
    "subject": "龙溪花园3栋门口路灯不亮",
    "body": "龙溪花园3栋门口的路灯坏了三天，晚上走路看不清，老人摔了一跤，请派人来修。",
}
LAMP_AGAIN = {
    "subject": "3栋门前的路灯坏了",
    "body": "住在龙溪花园，3栋门前路灯坏了好几天没人修，晚上黑灯瞎火，请尽快修路灯。",
}
DOGS = {"subject": "流浪狗太多", "body": "小区里流浪狗成群，追着小孩跑，已经咬了两个人，请找人来处理。"}


async def test_what_is_about_the_same_is_offered_before_filing(intake: Intake) -> None:
    await intake.receive(grid(("龙溪花园3栋",)))
    first = await intake.file(**LAMP, address="龙溪花园3栋", category="0102")
    await intake.file(await intake.resident(phone="19900001235"), **DOGS)
    resident = await intake.resident(phone="19900001236")
    answer = await intake.as_(Role.RESIDENT, resident).post("/v1/requests/similar", json=LAMP_AGAIN)
    (found,) = answer.json()["items"]
    assert (found["reference"], found["state"], found["place"]) == (
        first["reference"],
        "filed",
        "龙溪花园3栋",
    )
    assert found["filed"] == intake.clock().astimezone(SHANGHAI).date().isoformat()
    assert found["because"][0] == "words"
    assert found["may_join"] is True
    assert found["category_name"]
    assert len(await intake.rows("SELECT 1 FROM request")) == 2, "looking writes nothing"


async def test_of_somebody_elses_nothing_more_is_shown(intake: Intake) -> None:
    await intake.file(**LAMP)
    resident = await intake.resident(phone="19900001236")
    answer = await intake.as_(Role.RESIDENT, resident).post("/v1/requests/similar", json=LAMP_AGAIN)
    (found,) = answer.json()["items"]
    assert found.pop("id", None) is None
    assert set(found) == {
        "reference", "category_name", "place", "state", "state_name", "filed", "score", "because", "signs", "may_join",
    }  # fmt: skip
    for word in ("路灯", "老人", "黑灯"):
        assert word not in answer.text


async def test_the_receipt_carries_them_where_it_is_asked_for(intake: Intake) -> None:
    first = await intake.file(**LAMP)
    plain = await intake.file(await intake.resident(phone="19900001235"), **LAMP_AGAIN)
    assert plain.get("similar") is None
    third = await intake.file(
        await intake.resident(phone="19900001236"), **LAMP_AGAIN, suggest=True, key="one"
    )
    references = [one["reference"] for one in third["similar"]]
    assert set(references) == {first["reference"], plain["reference"]}


async def test_a_filed_one_is_looked_at_by_its_resident_and_by_workers(intake: Intake) -> None:
    one = await intake.resident(phone="19900001235")
    first, second = await intake.file(**LAMP), await intake.file(one, **LAMP_AGAIN)
    path = f"/v1/requests/{second['id']}/similar"
    for client, shown in ((intake.as_(Role.RESIDENT, one), None), (intake.as_(), first["id"])):
        (found,) = (await client.get(path)).json()["items"]
        assert found["reference"] == first["reference"]
        assert found.get("id") == shown
    other = await intake.resident(phone="19900001236")
    problem(await intake.as_(Role.RESIDENT, other).get(path), 404, "request-not-found")


async def test_another_community_finds_nothing(intake: Intake) -> None:
    await intake.file(**LAMP)
    answer = await intake.as_(tenant="yuhu").post("/v1/requests/similar", json=LAMP)
    assert answer.json() == {"items": []}


async def test_a_batch_has_fingerprints_too_and_records_of_the_past_have_none(intake: Intake) -> None:
    for source, history in (("letters", False), ("archive", True)):
        row = {"external_id": "1", "resident_ref": "1", "submitted_at": "2026-11-01T08:00:00Z", **LAMP}
        batch = {"source": source, "history": history, "requests": [row]}
        answer = await intake.as_(Role.OPERATOR).post("/v1/requests/bulk", json=batch)
        assert answer.json()["filed"] == 1, answer.text
    await intake.run("fingerprints-making")
    (found,) = (await intake.as_().post("/v1/requests/similar", json=LAMP_AGAIN)).json()["items"]
    assert found["state"] == "filed"
    assert len(await intake.rows("SELECT 1 FROM request_fingerprint")) == 1


async def test_erasing_destroys_the_fingerprint(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file(resident, **LAMP)
    await intake.file(await intake.resident(phone="19900001235"), **DOGS)
    answer = await intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}")
    assert answer.status_code == 204, answer.text
    assert (await intake.as_().post("/v1/requests/similar", json=LAMP)).json() == {"items": []}
    (left,) = await intake.rows(
        "SELECT (SELECT count(*) FROM request_fingerprint) AS prints, count(DISTINCT request) AS found FROM request_term"
    )
    assert (left.prints, left.found) == (1, 1), "the other's is still there"


async def test_what_is_neither_open_nor_recent_is_forgotten(intake: Intake) -> None:
    resident = await intake.resident()
    ended, open_ = await intake.file(resident, **LAMP), await intake.file(resident, **DOGS)
    await intake.move(ended["id"], "reject", {"reason": "out_of_area"})
    await intake.run("fingerprints-forgetting")
    assert len(await intake.rows("SELECT 1 FROM request_fingerprint")) == 2, "it is recent"
    intake.clock.advance(behind(intake) + timedelta(days=91))
    await intake.run("fingerprints-forgetting")
    rows = await intake.rows("SELECT request FROM request_fingerprint")
    assert [str(row.request) for row in rows] == [open_["id"]]
    rows = await intake.rows("SELECT DISTINCT request FROM request_term")
    assert [str(row.request) for row in rows] == [open_["id"]]


async def test_recent_ones_are_not_looked_at_every_hour(intake: Intake, postgres: str) -> None:
    ended = await intake.file(**LAMP)
    await intake.move(ended["id"], "reject", {"reason": "out_of_area"})
    await multiply(intake, ended["id"], 2000, "request_fingerprint", made=YOUNG)
    await multiply(intake, ended["id"], 10, "request_fingerprint", made=OLD)
    await intake.change("UPDATE request SET filed = '2019-03-01T00:00:00Z' WHERE id::text LIKE '00000001%'")
    await analysed(intake, postgres, "request", "request_fingerprint")
    async with intake.database.transaction("longxi") as session:
        await by_index(session)
        past = intake.clock() - timedelta(days=90)
        before = await looked_at(session, "request", "request_fingerprint")
        assert len(await forget_past(session, filed_before=past, after=UUID(int=0), count=100)) == 10
        assert await looked_at(session, "request", "request_fingerprint") - before < 100


async def test_no_word_stands_in_the_tables(intake: Intake) -> None:
    """What is kept is keyed hashes: not the text, nor a hash that anybody could compute."""
    await intake.file(**LAMP)
    rows = await intake.rows("SELECT sketch FROM request_fingerprint")
    assert "路灯".encode() not in bytes(rows[0].sketch)
    other = intake.another_process()
    other_key = other.desk.printers.of("yuhu").of(LAMP["subject"], LAMP["body"])
    own_key = other.desk.printers.of("longxi").of(LAMP["subject"], LAMP["body"])
    kept = {row.term for row in await intake.rows("SELECT term FROM request_term")}
    assert kept == set(own_key.sought)
    assert not kept & set(other_key.sought)
