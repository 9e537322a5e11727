"""Receipts of ledgers: photos under the payer's key, read by those who keep the books, named by lines, gone with the payer."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from shared.database import new_id
from shared.security import Role
from tests.services.intake.channels import SECRET_PLACE, Make, make_intake, pdf, photo
from tests.services.intake.conftest import Intake
from tests.services.intake.growth import analysed
from tests.services.intake.test_ledgers import Book, activity
from tests.support.web import problem

__all__ = ["make_intake"]
_MANY = text("""
INSERT INTO attachment (id, activity, resident, object, media_type, size, added, role, actor)
SELECT gen_random_uuid(), activity, resident, left(object, -6) || lpad(to_hex(number), 6, '0'), media_type, size, added, role, actor
FROM attachment, generate_series(1, 250) AS number
""")
_PEOPLE = text(
    "INSERT INTO resident (id, language, version, created) SELECT gen_random_uuid(), 'zh', 1, now() FROM generate_series(1, 3000)"
)
_PLAN = text(
    "EXPLAIN SELECT id FROM attachment WHERE removed IS NULL AND EXISTS "
    "(SELECT FROM resident WHERE resident.id = attachment.resident AND erased IS NOT NULL) LIMIT 100"
)
_ERASED = text("UPDATE resident SET erased = now() WHERE id = (SELECT resident FROM attachment LIMIT 1)")


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    return await make_intake({"attachments": {"megabytes": 1, "number": 3}})


async def hand_in(
    client: httpx.AsyncClient, activity: str, payer: str | None = None, content: bytes | None = None
) -> httpx.Response:
    return await client.post(
        f"/v1/activities/{activity}/ledger/receipts",
        params={} if payer is None else {"payer": payer},
        content=photo() if content is None else content,
    )


def files(intake: Intake) -> list[Path]:
    return [path for path in intake.folder.rglob("*") if path.is_file()]


async def test_a_resident_hands_in_a_photo_and_a_worker_enters_it(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    client = intake.as_(Role.RESIDENT, anna)
    answer = await hand_in(client, id)
    assert answer.status_code == 201, answer.text
    receipt = answer.json()
    assert (receipt["payer"], receipt["media_type"], receipt["by"]) == (anna, "image/jpeg", "resident")
    (stored,) = files(intake)
    assert b"JFIF" not in stored.read_bytes()
    line = await Book(intake, id).enter("out_of_pocket", 900, payer=anna, receipt=receipt["id"])
    (entry,) = (await Book(intake, id).read())["entries"]
    assert (entry["number"], entry["receipt"]) == (line["number"], receipt["id"])

    path = f"/v1/activities/{id}/ledger/receipts/{receipt['id']}"
    read = await intake.as_().get(path)
    assert (read.status_code, read.headers["content-type"], len(read.content)) == (
        200,
        "image/jpeg",
        receipt["size"],
    )
    assert SECRET_PLACE.encode() not in read.content
    assert b"Secret" not in read.content
    assert (await client.get(path)).status_code == 200
    reads = (await client.get(f"/v1/residents/{anna}/reads")).json()["items"]
    assert any("垫付票据" in each["words"] and "核对活动账目" in each["words"] for each in reads), reads
    problem(await client.delete(path), 409, "receipt-in-books")


async def test_the_community_s_own_receipts_are_under_a_key_of_nobody_s(intake: Intake) -> None:
    id = await activity(intake)
    receipt = (await hand_in(intake.as_(), id, content=pdf())).json()
    assert (receipt["payer"], receipt["media_type"]) == (None, "application/pdf")
    (row,) = await intake.rows("SELECT complainant FROM anonymous_holder")
    assert row.complainant == "nobody"
    await Book(intake, id).enter("budget", 900)
    await Book(intake, id).enter("expense", 900, receipt=receipt["id"])
    read = await intake.as_().get(f"/v1/activities/{id}/ledger/receipts/{receipt['id']}")
    assert read.content == pdf()
    assert "attachment" in read.headers["content-disposition"]


async def test_a_line_names_a_receipt_of_its_activity_and_its_payer(intake: Intake) -> None:
    id, other = await activity(intake), await activity(intake, number=2)
    anna, bo = await intake.resident(), await intake.resident()
    of_anna = (await hand_in(intake.as_(), id, anna)).json()["id"]
    elsewhere = (await hand_in(intake.as_(), other, bo)).json()["id"]
    for receipt in (of_anna, elsewhere, str(new_id())):
        refused = await Book(intake, id).enter("out_of_pocket", 1, status=422, payer=bo, receipt=receipt)
        assert refused["type"] == "urn:longxi:problem:receipt-unknown"
        assert refused["errors"][0]["field"] == "/receipt"
    await intake.as_(Role.HEAD, "head-1").post(f"/v1/residents/{bo}/merges", json={"other": anna})
    await Book(intake, id).enter("out_of_pocket", 1, payer=bo, receipt=of_anna)


async def test_who_may_not(intake: Intake) -> None:
    id, anna, bo = await activity(intake), await intake.resident(), await intake.resident()
    receipt = (await hand_in(intake.as_(), id, anna)).json()["id"]
    path = f"/v1/activities/{id}/ledger/receipts"
    client = intake.as_(Role.RESIDENT, bo)
    problem(await hand_in(client, id, anna), 403, "own-receipts-only")
    problem(await client.get(f"{path}/{receipt}"), 404, "receipt-not-found")
    problem(await client.delete(f"{path}/{receipt}"), 404, "receipt-not-found")
    assert (await client.get(path)).json() == {"receipts": []}
    for role in (Role.DISTRICT, Role.PORTAL):
        problem(await intake.as_(role, "x").get(f"{path}/{receipt}"), 403, "not-permitted")
    problem(await intake.as_().get(f"/v1/attachments/{receipt}"), 404, "attachment-not-found")
    problem(await intake.as_().post(f"/v1/attachments/{receipt}/links"), 404, "attachment-not-found")
    problem(await hand_in(intake.as_(), id, str(new_id())), 404, "resident-not-found")
    problem(await hand_in(intake.as_(), str(new_id()), anna), 404, "activity-not-found")
    problem(
        await hand_in(intake.as_(), await activity(intake, "proposed", 2), anna), 409, "activity-not-planned"
    )
    problem(await hand_in(intake.as_(), id, anna, b"#!/bin/sh"), 415, "attachment-content")
    assert len(files(intake)) == 1, "nothing of what was refused is kept"


async def test_what_waits_to_be_entered_has_a_number(intake: Intake) -> None:
    """Also where they come at once; what is entered does not count."""
    id, anna = await activity(intake), await intake.resident()
    client = intake.as_(Role.RESIDENT, anna)
    answers = await asyncio.gather(*(hand_in(client, id) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 3
    assert len(files(intake)) == 3
    first, second, _ = (await client.get(f"/v1/activities/{id}/ledger/receipts")).json()["receipts"]
    await Book(intake, id).enter("out_of_pocket", 1, payer=anna, receipt=first["id"])
    removed = await client.delete(f"/v1/activities/{id}/ledger/receipts/{second['id']}")
    assert removed.status_code == 204
    assert [(await hand_in(client, id)).status_code for _ in range(3)] == [201, 201, 409]
    await intake.run("attachment-removals")
    assert len(files(intake)) == 4


async def test_a_settled_ledger_takes_none(intake: Intake) -> None:
    id = await activity(intake)
    assert (await Book(intake, id).settle()).status_code == 200
    problem(await hand_in(intake.as_(), id), 409, "ledger-settled")
    assert files(intake) == []


async def test_handed_in_once_for_its_key(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    client = intake.as_(Role.RESIDENT, anna)
    answers: list[Any] = [
        (
            await client.post(
                f"/v1/activities/{id}/ledger/receipts", content=photo(), headers={"Idempotency-Key": "1"}
            )
        ).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert len(files(intake)) == 1


async def test_an_erased_payer_s_photo_goes_and_the_line_stays(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    book = Book(intake, id)
    receipt = (await hand_in(intake.as_(), id, anna)).json()["id"]
    await book.enter("out_of_pocket", 900, payer=anna, receipt=receipt)
    client = intake.as_(Role.RESIDENT, anna)
    exported = (await client.get(f"/v1/residents/{anna}/export")).json()
    (listed,) = next(part["items"] for part in exported["parts"] if part["name"] == "attachments")
    assert (listed["id"], listed["activity"]) == (receipt, id)
    assert (await client.delete(f"/v1/residents/{anna}")).status_code == 204
    problem(await intake.as_().get(f"{book.path}/receipts/{receipt}"), 404, "receipt-not-found")
    await intake.run("attachment-removals")
    assert files(intake) == []
    assert (await book.read())["entries"][0]["receipt"] == receipt


async def test_photos_of_whoever_was_erased_elsewhere_go_however_many_there_are(
    intake: Intake, postgres: str
) -> None:
    """As after a restore: nobody has marked what they had. More than a page of them, and the job ends."""
    id, anna = await activity(intake), await intake.resident()
    await hand_in(intake.as_(), id, anna)
    async with intake.database.transaction("longxi") as session:
        await session.execute(_PEOPLE)
        await session.execute(_MANY)
        await session.execute(_ERASED)
    intake.clock.advance(timedelta(hours=1))
    await analysed(intake, postgres, "attachment", "resident")
    async with intake.database.transaction("longxi") as session:
        plan = " ".join(await session.scalars(_PLAN))
        assert "ix_resident_erased" in plan, plan
    async with asyncio.timeout(30):
        await intake.run("attachment-removals")
    assert files(intake) == []
    (row,) = await intake.rows("SELECT count(*) AS left FROM attachment WHERE gone IS NULL")
    assert row.left == 0
