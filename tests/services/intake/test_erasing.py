"""Erasing destroys the key: nothing of the resident can be read any more, whoever kept the bytes."""

import hashlib
import json
from uuid import UUID

import pytest

from services.intake.residents.keys import Holder
from services.intake.residents.tables import ResidentKey
from shared.database import Undecipherable
from shared.security import Role
from tests.services.intake.conftest import CONCERN, Intake
from tests.support.web import problem


async def erase(intake: Intake, resident: str) -> None:
    answer = await intake.as_(Role.RESIDENT, resident).delete(f"/v1/residents/{resident}")
    assert answer.status_code == 204, answer.text


async def test_an_erased_resident_is_gone_for_every_reader(intake: Intake) -> None:
    resident = await intake.resident(email="zhangsan@example.org", external={"source": "web", "ref": "1"})
    receipt = await intake.file(resident)
    await erase(intake, resident)

    problem(
        await intake.as_().get(f"/v1/residents/{resident}", headers={"X-Purpose": "visit"}),
        410,
        "resident-erased",
    )
    contacts = await intake.as_(Role.SERVICE, "notifications").post(
        "/v1/contacts", json={"purpose": "notify", "residents": [resident]}
    )
    assert contacts.json() == {"contacts": [], "without_consent": []}
    record = await intake.read(receipt["id"])
    assert (record["subject"], record["body"], record["address"]) == (None, None, None)
    assert record["state"] == "filed"  # what happened stays to be counted; who it was does not
    for question in ({"phone": "19900001234"}, {"external": {"source": "web", "ref": "1"}}):
        found = await intake.as_().post("/v1/residents/find", json=question)
        assert found.json() == {"residents": []}
    problem(await intake.as_(Role.HEAD).delete(f"/v1/residents/{resident}"), 410, "resident-erased")


async def test_erasing_is_announced(intake: Intake) -> None:
    resident = await intake.resident()
    await erase(intake, resident)
    assert await intake.published() == [{"type": "resident.erased", "resident": resident}]


async def test_a_certificate_says_what_was_destroyed_and_holds_when_looked_at_again(intake: Intake) -> None:
    resident = await intake.resident(email="zhangsan@example.org")
    await intake.file(resident)
    problem(await intake.as_(Role.HEAD).get(f"/v1/erasures/{resident}"), 404, "not-erased")
    await erase(intake, resident)
    own = intake.as_(Role.RESIDENT, resident)
    shown = (await own.get(f"/v1/erasures/{resident}")).json()
    assert (shown["reason"], shown["reason_name"], shown["by_role"]) == (
        "asked",
        "本人要求删除或撤回同意",
        "resident",
    )
    assert shown["destroyed"]["requests"] == 1
    assert shown["found_now"] == {"keys": 0, "indexes": 0, "references": 0, "fields": 0}
    assert shown["holds"]
    assert [copy["place"] for copy in shown["copies"]][-2:] == ["backups", "log_archive"]
    content = {
        "community": "longxi",
        **{name: shown[name] for name in ("resident", "reason", "by_role", "destroyed", "key")},
        "at": shown["at"].replace("Z", "+00:00"),
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    assert digest == shown["digest"], "anyone can compute it again"
    page = await own.get(f"/v1/erasures/{resident}/page")
    assert "个人信息删除证明 Certificate of erasure" in page.text
    assert shown["certificate"] in page.text
    assert "未发现任何残留" in page.text
    other = intake.as_(Role.RESIDENT, await intake.resident())
    problem(await other.get(f"/v1/erasures/{resident}"), 404, "not-erased")


async def test_a_certificate_does_not_hold_where_something_is_left(intake: Intake) -> None:
    resident = await intake.resident()
    await erase(intake, resident)
    async with intake.database.transaction("longxi") as session:
        key = intake.keyring.new_data_key().wrapped
        session.add(ResidentKey(resident=UUID(resident), wrapped=key))
    shown = (await intake.as_(Role.HEAD).get(f"/v1/erasures/{resident}")).json()
    assert (shown["found_now"]["keys"], shown["holds"]) == (1, False)


async def test_no_key_and_no_trace_of_a_field_is_left(intake: Intake) -> None:
    resident = await intake.resident(external={"source": "web", "ref": "1"}, birth_year=1958)
    await erase(intake, resident)
    assert await intake.rows("SELECT wrapped FROM resident_key") == []
    assert await intake.rows("SELECT source FROM resident_reference") == []
    assert await intake.rows("SELECT kind FROM resident_index") == []
    (row,) = await intake.rows(
        "SELECT name, phone, phone_index, email, address, birth_year, birth_date, id_number, gender FROM resident"
    )
    assert set(row) == {None}


async def test_the_words_that_are_still_stored_cannot_be_decrypted(intake: Intake) -> None:
    """The bytes of a request's text stay where they are, in backups too; without the key they are noise."""
    resident = await intake.resident()
    receipt = await intake.file(resident)
    await erase(intake, resident)
    (row,) = await intake.rows("SELECT body FROM request_text")
    another = intake.keyring.new_data_key()
    with pytest.raises(Undecipherable):
        Holder(UUID(resident), another, None).open("request", UUID(receipt["id"]), "body", bytes(row.body))


async def test_a_process_that_still_holds_the_key_files_and_reads_nothing(intake: Intake) -> None:
    """Another process's cache learns of the erasure minutes later; its key opens nothing all the same."""
    resident = await intake.resident()
    other = intake.another_process()
    receipt = await other.file(resident)
    await erase(intake, resident)
    assert other.desk.keys.held("longxi", UUID(resident)) is not None
    body = {**CONCERN, "resident": resident}
    problem(await other.as_().post("/v1/requests", json=body), 410, "resident-erased")
    assert other.desk.keys.held("longxi", UUID(resident)) is None
    assert (await other.read(receipt["id"]))["body"] is None
    assert len(await intake.rows("SELECT id FROM request")) == 1


async def test_the_process_that_erases_forgets_the_key_at_once(intake: Intake) -> None:
    resident = await intake.resident()
    await intake.file(resident)
    await erase(intake, resident)
    assert intake.desk.keys.held("longxi", UUID(resident)) is None


async def test_a_key_opens_only_what_it_sealed_where_it_sealed_it(intake: Intake) -> None:
    """Bytes moved to another field, request or resident do not decrypt."""
    one, two = await intake.resident(), await intake.resident()
    first, second = await intake.file(one), await intake.file(two)
    bodies = {str(row.request): bytes(row.body) for row in await intake.rows("SELECT * FROM request_text")}
    holder = intake.desk.keys.held("longxi", UUID(one))
    other = intake.desk.keys.held("longxi", UUID(two))
    assert holder is not None
    assert other is not None
    request, body = UUID(first["id"]), bodies[first["id"]]
    assert holder.open("request", request, "body", body) == CONCERN["body"]
    for opener, where, field in (
        (holder, request, "subject"),
        (holder, UUID(second["id"]), "body"),
        (other, request, "body"),
    ):
        with pytest.raises(Undecipherable):
            opener.open("request", where, field, body)
