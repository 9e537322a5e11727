"""A bulk import under one name, or a portal with one account, puts a hundred thousand requests on one resident."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.anonymous import queries as anonymous
from services.intake.attachments import queries as attachments
from services.intake.attachments.actions import mark_removed
from services.intake.consents import queries as consents
from services.intake.exports import queries as exports
from services.intake.imports import queries as imports
from services.intake.open311 import queries as open311
from services.intake.rates import queries as rates
from services.intake.reads import queries as reads
from services.intake.residents import queries as residents
from services.intake.residents.tables import PersonalRead
from shared.security import Role
from tests.services.intake.conftest import Intake
from tests.services.intake.growth import multiply

MANY = 33_000
"""PostgreSQL takes 32,767 parameters."""
IDS = [UUID(int=number) for number in range(MANY)]
WORDS = [str(number) for number in range(MANY)]


async def test_a_list_of_any_length_is_looked_for(intake: Intake) -> None:
    keys, reading = intake.desk.keys, [SimpleNamespace(request=id) for id in IDS]
    looks: list[Callable[[AsyncSession], Awaitable[Any]]] = [
        lambda session: anonymous.nameless(session, IDS),
        lambda session: attachments.known_objects(session, WORDS),
        lambda session: consents.standing(session, IDS, ["employment_sharing"]),
        lambda session: exports.texts_of(session, IDS),
        lambda session: exports.stories(session, IDS),
        lambda session: exports.filed_or_open_since(session, IDS, intake.clock()),
        lambda session: exports.drop_words(session, IDS, intake.clock()),
        lambda session: open311.changed(session, IDS),
        lambda session: rates.stories(session, IDS),
        lambda session: reads.references(session, cast("list[PersonalRead]", reading)),
        lambda session: residents.holders(session, keys, IDS),
        lambda session: residents.several(session, IDS),
        lambda session: residents.by_references(session, keys, "web", WORDS),
    ]
    async with intake.database.transaction("longxi") as session:
        for look in looks:
            assert not await look(session)
        assert not any((await open311.stories(session, IDS)).values())
        assert await mark_removed(session, IDS, now=intake.clock()) == 0
        assert (await imports.progress(session, "web", WORDS)).filed == 0


async def test_one_who_filed_thousands_is_erased(intake: Intake) -> None:
    resident = await intake.resident()
    filed = await intake.file(resident)
    await multiply(intake, filed["id"], 1500, "request_fingerprint", "request_term")
    own = intake.as_(Role.RESIDENT, resident)
    copy = (await own.get(f"/v1/residents/{resident}/export")).json()
    assert {part["name"]: len(part["items"]) for part in copy["parts"]}["fingerprints"] == 1501
    assert (await own.delete(f"/v1/residents/{resident}")).status_code == 204
    destroyed = (await own.get(f"/v1/erasures/{resident}")).json()["destroyed"]
    assert (destroyed["requests"], destroyed["fingerprints"]) == (1501, 1501)
    assert await intake.rows("SELECT 1 FROM request_fingerprint") == []
    assert await intake.rows("SELECT 1 FROM request_term") == []
