"""A fingerprint is made after the filing: always, once, and never of somebody who was erased."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from services.intake.duplicates import printing
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.test_similar import DOGS, LAMP, LAMP_AGAIN

JOB = "fingerprints-making"
OLDEST = "SELECT id FROM request ORDER BY id LIMIT 1"


async def left(intake: Intake) -> tuple[int, int]:
    """(requests that wait, fingerprints)"""
    waiting = await intake.rows("SELECT 1 FROM request_unprinted")
    return len(waiting), len(await intake.rows("SELECT 1 FROM request_fingerprint"))


async def similar(intake: Intake, request: str) -> Sequence[Any]:
    found: Sequence[Any] = (await intake.as_().get(f"/v1/requests/{request}/similar")).json()["items"]
    return found


async def test_a_filing_notes_what_is_to_be_made_and_the_job_makes_it(intake: Intake) -> None:
    first = await intake.file_only(**LAMP)
    assert await left(intake) == (1, 0)
    assert (await intake.as_().post("/v1/requests/similar", json=LAMP_AGAIN)).json()["items"] == []
    await intake.run(JOB)
    assert await left(intake) == (0, 1)
    (found,) = (await intake.as_().post("/v1/requests/similar", json=LAMP_AGAIN)).json()["items"]
    assert found["id"] == first["id"]
    await intake.run(JOB)
    assert await left(intake) == (0, 1)


async def test_what_waits_for_it_can_be_asked_about_and_joined_already(intake: Intake) -> None:
    first = await intake.file(**LAMP)
    resident = await intake.resident(phone="19900001235")
    second = await intake.file_only(resident, **LAMP_AGAIN)
    assert [one["id"] for one in await similar(intake, second["id"])] == [first["id"]]
    assert await left(intake) == (1, 1), "asking keeps nothing"
    client = intake.as_(Role.RESIDENT, resident)
    answer = await client.post(f"/v1/requests/{second['id']}/join", json={"of": first["reference"]})
    assert answer.status_code == 200, answer.text


async def test_of_all_communities_those_are_printed_where_one_waits(intake: Intake) -> None:
    await intake.file_only(**LAMP)
    other = {"resident": await intake.resident(tenant="yuhu"), **DOGS}
    assert (await intake.as_(tenant="yuhu").post("/v1/requests", json=other)).status_code == 201
    await intake.run(JOB)
    for tenant in ("longxi", "yuhu"):
        assert len(await intake.rows("SELECT 1 FROM request_fingerprint", tenant=tenant)) == 1, tenant


async def test_many_are_printed_in_pieces(intake: Intake) -> None:
    resident = await intake.resident()
    for _ in range(60):
        await intake.file_only(resident, **LAMP)
    await intake.run(JOB)
    assert await left(intake) == (0, 60)


async def test_whose_key_is_gone_leaves_no_fingerprint(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file_only(resident, **LAMP)
    await intake.file_only(await intake.resident(phone="19900001235"), **DOGS)
    erased = await intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}")
    assert erased.status_code == 204, erased.text
    await intake.run(JOB)
    assert await left(intake) == (0, 1)


async def test_an_erasure_waits_for_the_fingerprint_that_is_being_made_and_destroys_it(
    intake: Intake,
) -> None:
    resident = await intake.resident()
    await intake.file_only(resident, **LAMP)
    async with intake.database.transaction("longxi") as session:
        assert await printing.print_next(session, intake.desk, count=10) == 1
        erasing = asyncio.create_task(intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}"))
        await asyncio.wait([erasing], timeout=0.5)
        assert not erasing.done()
    assert (await erasing).status_code == 204
    assert await left(intake) == (0, 0)
    assert await intake.rows("SELECT 1 FROM request_term") == []


async def test_words_that_cannot_be_read_keep_nobody_else_waiting(
    intake: Intake, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await intake.file_only(**LAMP)
    await intake.file_only(await intake.resident(phone="19900001235"), **DOGS)
    await intake.rows(f"UPDATE request_text SET body = subject WHERE request = ({OLDEST}) RETURNING 1")  # noqa: S608 - a constant
    await intake.run(JOB)
    assert await left(intake) == (0, 1)
    assert await similar(intake, broken["id"]) == []


async def test_what_an_older_release_has_printed_stays_as_it_is(intake: Intake) -> None:
    await intake.file(**LAMP)
    await intake.rows(f"INSERT INTO request_unprinted (request) {OLDEST} RETURNING 1")
    await intake.run(JOB)
    assert await left(intake) == (0, 1)


async def test_no_hot_spot_passes_over_what_waits_for_its_fingerprint(intake: Intake) -> None:
    for number in range(3):
        await intake.file(await intake.resident(phone=f"1990000124{number}"), **LAMP)
    # As where its chunk failed and the next one did not.
    await intake.rows(f"DELETE FROM request_fingerprint WHERE request = ({OLDEST}) RETURNING 1")  # noqa: S608 - a constant
    await intake.rows(f"INSERT INTO request_unprinted (request) {OLDEST} RETURNING 1")
    intake.clock.advance(timedelta(seconds=90))
    await intake.run("hot-spots-looking")
    assert await intake.rows("SELECT 1 FROM hot_spot_member") == []
    await intake.run(JOB)
    await intake.run("hot-spots-looking")
    assert len(await intake.rows("SELECT 1 FROM hot_spot_member")) == 3
