"""Photos and documents on a request: encrypted, read by those who may, recorded, and gone with the resident's key."""

import asyncio
import io
import os
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image
from sqlalchemy import text

from services.intake.attachments.jobs import ORPHAN_AFTER
from services.intake.attachments.stores import Folder, Missing, new_name
from shared.database import new_id
from shared.security import Role
from tests.services.intake.channels import SECRET_PLACE, Make, make_intake, pdf, photo
from tests.services.intake.conftest import Intake
from tests.services.intake.growth import analysed
from tests.support.web import problem

__all__ = ["make_intake"]
_MANY = """
INSERT INTO attachment (id, request, resident, object, media_type, size, added, role, actor)
SELECT gen_random_uuid(), request, resident, object || number, media_type, size, added, role, actor
FROM attachment, generate_series(1, 2000) AS number
"""


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    return await make_intake({"attachments": {"megabytes": 1, "number": 3}})


async def attach(
    intake: Intake, request: str, content: bytes | None = None, *, client: httpx.AsyncClient | None = None
) -> httpx.Response:
    return await (client or intake.as_()).post(
        f"/v1/requests/{request}/attachments",
        content=photo() if content is None else content,
        headers={"Content-Type": "image/jpeg", "X-File-Name": "%E5%BC%A0%E4%B8%89%E5%AE%B6.jpg"},
    )


def files(intake: Intake) -> list[Path]:
    folder = intake.folder
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_photo_is_attached_and_read_without_where_it_was_made(intake: Intake) -> None:
    filed = await intake.file()
    answer = await attach(intake, filed["id"])
    assert answer.status_code == 201, answer.text
    line = answer.json()
    assert (line["media_type"], line["width"], line["height"], line["by"]) == (
        "image/jpeg",
        480,
        640,
        "worker",
    )
    assert "张三" not in answer.text, "an answer that is kept under a key has nobody's words"
    read = await intake.as_().get(f"/v1/attachments/{line['id']}")
    assert (read.status_code, read.headers["content-type"]) == (200, "image/jpeg")
    assert len(read.content) == line["size"]
    assert b"Secret" not in read.content
    assert SECRET_PLACE.encode() not in read.content
    with Image.open(io.BytesIO(read.content)) as image:
        assert not image.getexif()
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["cache-control"] == "no-store"
    (listed,) = (await intake.as_().get(f"/v1/requests/{filed['id']}/attachments")).json()["attachments"]
    assert listed == {**line, "name": "张三家.jpg"}


async def test_what_lies_in_the_store_is_encrypted_and_of_no_name(intake: Intake) -> None:
    filed = await intake.file()
    await attach(intake, filed["id"])
    (path,) = files(intake)
    stored = path.read_bytes()
    assert not stored.startswith(b"\xff\xd8")
    assert b"JFIF" not in stored
    assert filed["id"] not in str(path)
    assert path.stat().st_mode & 0o077 == 0, "for nobody else on the machine"
    (row,) = await intake.rows("SELECT name, object FROM attachment")
    assert "张三".encode() not in bytes(row.name)


async def test_every_read_is_recorded_and_the_resident_sees_it(intake: Intake) -> None:
    resident = await intake.resident()
    filed = await intake.file(resident)
    id = (await attach(intake, filed["id"])).json()["id"]
    await intake.as_().get(f"/v1/attachments/{id}", headers={"X-Purpose": "verify"})
    await intake.as_(Role.HEAD, "head-1").post(f"/v1/attachments/{id}/links")
    await intake.as_().get(f"/v1/requests/{filed['id']}/attachments")
    reads = await intake.rows(
        "SELECT reader_role, purpose, fields, request FROM personal_read"
        " WHERE fields::text LIKE '%attachment%' ORDER BY id"
    )
    assert [(row.reader_role, row.purpose, row.fields) for row in reads] == [
        ("worker", "verify", ["request.attachment"]),
        ("head", "handle_request", ["request.attachment"]),
        ("worker", "handle_request", ["request.attachment_name"]),
    ]
    assert {str(row.request) for row in reads} == {filed["id"]}


async def test_a_link_is_good_for_five_minutes_without_a_token(intake: Intake) -> None:
    filed = await intake.file()
    id = (await attach(intake, filed["id"])).json()["id"]
    link = (await intake.as_().post(f"/v1/attachments/{id}/links")).json()
    assert filed["id"].replace("-", "") not in link["path"]
    anybody = intake.anybody()
    assert (await anybody.get(link["path"])).content == (
        await intake.as_().get(f"/v1/attachments/{id}")
    ).content
    for changed in (link["path"][:-1] + ("0" if link["path"][-1] != "0" else "1"), "/v1/attachment-links/x"):
        problem(await anybody.get(changed), 403, "link-invalid")
    other = link["path"].replace(id.replace("-", ""), new_id().hex)
    problem(await anybody.get(other), 403, "link-invalid")
    intake.clock.advance(timedelta(minutes=5, seconds=1))
    problem(await anybody.get(link["path"]), 403, "link-invalid")


async def test_no_address_shows_an_attachment_without_permission(intake: Intake) -> None:
    filed = await intake.file()
    id = (await attach(intake, filed["id"])).json()["id"]
    assert (await intake.anybody().get(f"/v1/attachments/{id}")).status_code == 401
    for role in (Role.DISTRICT, Role.JUDICIAL, Role.OPERATOR, Role.SERVICE):
        answer = await intake.as_(role, "x").get(f"/v1/attachments/{id}")
        assert answer.status_code == 403, role
    stranger = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await stranger.get(f"/v1/attachments/{id}"), 404, "attachment-not-found")
    problem(await stranger.get(f"/v1/requests/{filed['id']}/attachments"), 404, "request-not-found")
    problem(await attach(intake, filed["id"], client=stranger), 404, "request-not-found")
    elsewhere = intake.as_(tenant="yuhu")
    problem(await elsewhere.get(f"/v1/attachments/{id}"), 404, "attachment-not-found")
    owner = intake.as_(Role.RESIDENT, filed["resident"])
    assert (await owner.get(f"/v1/attachments/{id}")).status_code == 200


async def test_documents_are_downloads(intake: Intake) -> None:
    filed = await intake.file()
    id = (await attach(intake, filed["id"], pdf())).json()["id"]
    read = await intake.as_().get(f"/v1/attachments/{id}")
    assert read.content == pdf()
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["content-disposition"].startswith("attachment;")
    assert "default-src 'none'" in read.headers["content-security-policy"]


async def test_the_content_counts_and_not_what_it_is_called(intake: Intake) -> None:
    filed = await intake.file()
    problem(await attach(intake, filed["id"], b"<svg onload='x'/>"), 415, "attachment-content")
    line = (await attach(intake, filed["id"], photo("PNG"))).json()
    assert line["media_type"] == "image/png"


async def test_size_and_number_are_the_communitys(intake: Intake) -> None:
    filed = await intake.file()
    large = photo("PNG") + bytes(1024 * 1024)
    document = problem(await attach(intake, filed["id"], large), 413, "attachment-too-large")
    assert "1048576" in document["detail"]
    huge = bytes(25 * 1024 * 1024 + 1)
    problem(await attach(intake, filed["id"], huge), 413, "body-too-large")
    for _ in range(3):
        assert (await attach(intake, filed["id"])).status_code == 201
    problem(await attach(intake, filed["id"]), 409, "too-many-attachments")
    # Other routes take no more than before.
    body = {"subject": "x", "body": "y" * 1_100_000}
    problem(await intake.as_().post("/v1/requests", json=body), 413, "body-too-large")


async def test_of_many_at_once_no_more_are_attached_than_may_be(intake: Intake) -> None:
    filed = await intake.file()
    answers = await asyncio.gather(*(attach(intake, filed["id"]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert len(await intake.rows("SELECT id FROM attachment")) == 3


async def test_the_same_key_attaches_once(intake: Intake) -> None:
    filed = await intake.file()
    client = intake.as_(Role.WORKER, "worker-1", **{"Idempotency-Key": "photo-1"})
    first, again = (
        await attach(intake, filed["id"], client=client),
        await attach(intake, filed["id"], client=client),
    )
    assert first.json() == again.json()
    assert len(files(intake)) == 1


async def test_after_the_end_nothing_is_attached_but_by_who_works_on_it(intake: Intake) -> None:
    resident = await intake.resident()
    filed = await intake.file(resident)
    await intake.move(filed["id"], "reject", {"reason": "no_facts"})
    owner = intake.as_(Role.RESIDENT, resident)
    problem(await attach(intake, filed["id"], client=owner), 409, "request-resting")
    assert (await attach(intake, filed["id"])).status_code == 201


async def test_the_story_says_that_something_was_attached_and_taken_off(intake: Intake) -> None:
    resident = await intake.resident()
    filed = await intake.file(resident)
    owner = intake.as_(Role.RESIDENT, resident)
    id = (await attach(intake, filed["id"], client=owner)).json()["id"]
    assert (await owner.delete(f"/v1/attachments/{id}")).status_code == 204
    problem(await owner.get(f"/v1/attachments/{id}"), 404, "attachment-not-found")
    entries = [(entry["entry"], entry["name"]) for entry in await intake.story(filed["id"])]
    assert entries == [("filed", "受理"), ("attach", "添加附件"), ("detach", "移除附件")]
    await intake.run("attachment-removals")
    assert files(intake) == []


async def test_an_erased_residents_attachments_are_unreadable_at_once_and_gone_within_the_hour(
    intake: Intake,
) -> None:
    resident = await intake.resident()
    filed = await intake.file(resident)
    id = (await attach(intake, filed["id"])).json()["id"]
    link = (await intake.as_().post(f"/v1/attachments/{id}/links")).json()["path"]
    kept = await intake.file()
    stays = (await attach(intake, kept["id"])).json()["id"]
    erased = await intake.as_(Role.HEAD).delete(f"/v1/residents/{resident}")
    assert erased.status_code in {200, 204}, erased.text
    for read in (await intake.as_().get(f"/v1/attachments/{id}"), await intake.anybody().get(link)):
        assert read.status_code in {404, 410}, read.text
    await intake.run("attachment-removals")
    assert len(files(intake)) == 1
    assert (await intake.as_().get(f"/v1/attachments/{stays}")).status_code == 200
    gone = await intake.rows("SELECT gone, name FROM attachment WHERE removed IS NOT NULL")
    assert [(row.gone is not None, row.name) for row in gone] == [(True, None)]


async def test_what_belongs_to_no_attachment_is_swept_away_after_a_day(intake: Intake) -> None:
    filed = await intake.file()
    await attach(intake, filed["id"])
    store = Folder(intake.folder)
    orphan = new_name("longxi")
    await store.put(orphan, b"of a transaction that failed")
    for path in files(intake):
        at = intake.clock().timestamp()
        os.utime(path, (at, at))
    await intake.run("attachment-orphans")
    assert len(files(intake)) == 2, "it may belong to an upload that is under way"
    intake.clock.advance(ORPHAN_AFTER + timedelta(minutes=1))
    await intake.run("attachment-orphans")
    assert len(files(intake)) == 1
    with pytest.raises(Missing):
        await store.get(orphan)


async def test_what_lies_in_the_store_is_looked_for_by_an_index(intake: Intake, postgres: str) -> None:
    filed = await intake.file()
    await attach(intake, filed["id"])
    async with intake.database.transaction("longxi") as session:
        await session.execute(text(_MANY))
    await analysed(intake, postgres, "attachment")
    async with intake.database.transaction("longxi") as session:
        plan = await session.scalars(
            text(
                "EXPLAIN SELECT object FROM attachment WHERE object = ANY(ARRAY['a', 'b']) AND removed IS NULL"
            )
        )
        assert "ix_attachment_tenant_object" in " ".join(plan)


async def test_an_object_that_was_lost_or_changed_is_said_to_be(intake: Intake) -> None:
    filed = await intake.file()
    id = (await attach(intake, filed["id"])).json()["id"]
    (path,) = files(intake)
    path.unlink()
    problem(await intake.as_().get(f"/v1/attachments/{id}"), 410, "attachment-unreadable")


async def test_without_a_place_nothing_is_attached(make_intake: Make) -> None:
    without = await make_intake(folder=None)
    filed = await without.file()
    problem(await attach(without, filed["id"]), 503, "attachments-off")


@pytest.mark.parametrize("name", ["../../etc/passwd", "longxi/../x", "longxi/aa/" + "0" * 31, ""])
async def test_a_store_knows_only_names_of_its_own_making(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        await Folder(tmp_path).put(name, b"x")
