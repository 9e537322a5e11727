"""Contacts are asked for a stated purpose, kept for minutes, and dropped when they change."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import httpx
import orjson
import pytest

from services.notifications.clients.casework import worker_contacts
from services.notifications.clients.intake import resident_contacts
from services.notifications.sending.contacts import Contacts
from services.notifications.sending.rules import Contact
from shared.caching import MemoryCache
from shared.contracts.intake import ResidentContactChanged
from shared.contracts.notifications import RecipientKind
from shared.database import Keyring, new_id
from shared.retrying import Unreachable
from shared.security import ServiceTokens
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed

RESIDENT = RecipientKind.RESIDENT


class _Tokens(ServiceTokens):
    def __init__(self) -> None:
        """No key is needed where nobody checks it."""

    def headers(self, tenant: str) -> dict[str, str]:
        return {"Authorization": f"Bearer of {tenant}"}


def _http(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_the_question_names_its_purpose_and_the_answer_is_read() -> None:
    known, unknown = new_id(), new_id()
    asked: list[httpx.Request] = []

    def intake(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        row = {
            "resident": str(known),
            "name": "张三",
            "phone": "19900001234",
            "email": None,
            "language": "en",
        }
        return httpx.Response(200, json={"contacts": [row]})

    client = resident_contacts(_http(intake), "http://intake.test", _Tokens())
    assert await client("longxi", [known, unknown]) == {known: Contact("张三", "19900001234", None, "en")}
    assert orjson.loads(asked[0].content) == {"purpose": "notify", "residents": [str(known), str(unknown)]}
    assert asked[0].headers["authorization"] == "Bearer of longxi"
    assert str(asked[0].url) == "http://intake.test/v1/contacts"


async def test_many_are_asked_for_in_parts() -> None:
    sizes: list[int] = []

    def casework(request: httpx.Request) -> httpx.Response:
        sizes.append(len(orjson.loads(request.content)["workers"]))
        return httpx.Response(200, json={"contacts": []})

    await worker_contacts(_http(casework), "http://casework.test", _Tokens())(
        "longxi", [new_id() for _ in range(450)]
    )
    assert sizes == [200, 200, 50]


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(403, json={}),
        httpx.Response(500, json={}),
        httpx.Response(200, text="hello"),
        httpx.Response(200, json={"people": []}),
        httpx.Response(200, json={"contacts": [{"resident": "not an id"}]}),
    ],
    ids=["refused", "broken", "no-json", "other-shape", "no-id"],
)
async def test_any_other_answer_is_no_answer(answer: httpx.Response) -> None:
    client = resident_contacts(_http(lambda _: answer), "http://intake.test", _Tokens())
    with pytest.raises(Unreachable):
        await client("longxi", [new_id()])


async def test_an_answer_is_used_again_for_minutes(notifications: Notifications) -> None:
    resident = notifications.person(email="a@example.com")
    for _ in range(3):
        await notifications.hear(filed(resident))
        await notifications.send()
    assert notifications.owners.asked == [[resident]]


async def test_a_changed_contact_is_asked_for_again(notifications: Notifications) -> None:
    resident = notifications.person(email="old@example.com")
    assert (await notifications.contacts.of("longxi", RESIDENT, [resident]))[resident] is not None
    notifications.owners.contacts[resident] = Contact(email="new@example.com")
    await notifications.hear(ResidentContactChanged(resident=resident))
    found = await notifications.contacts.of("longxi", RESIDENT, [resident])
    assert found[resident] == Contact(email="new@example.com")


def _keyring() -> Keyring:
    return Keyring({"1": bytes(32)}, "1", bytes(32))


async def test_what_is_kept_is_encrypted_and_read_by_every_process_that_has_the_master_key() -> None:
    resident, cache, asked = new_id(), MemoryCache(), list[UUID]()
    contact = Contact("张三", "19900001234", "zhang@longxi.example")

    async def owner(_tenant: str, people: Sequence[UUID]) -> dict[UUID, Contact]:
        asked.extend(people)
        return dict.fromkeys(people, contact)

    def process(keyring: Keyring | None) -> Contacts:
        return Contacts(cache, {RESIDENT: owner}, ttl=timedelta(minutes=5), keyring=keyring)

    await process(_keyring()).of("longxi", RESIDENT, [resident])
    kept = await cache.get("contact", "longxi", str(resident))
    assert kept is not None
    assert not any(word.encode() in kept for word in ("张三", "19900001234", "zhang"))
    assert (await process(_keyring()).of("longxi", RESIDENT, [resident]))[resident] == contact
    assert asked == [resident], "the second process read what the first one kept"
    for other in (Keyring({"2": bytes(range(32))}, "2", bytes(32)), None):
        assert (await process(other).of("longxi", RESIDENT, [resident]))[resident] == contact
    assert len(asked) == 3, "without the key it is asked again"
    await cache.set("contact", "longxi", str(resident), b'{"name": null}', timedelta(minutes=5))
    assert (await process(_keyring()).of("longxi", RESIDENT, [resident]))[resident] == contact


async def test_an_answer_that_crossed_a_change_is_not_kept() -> None:
    resident, cache = new_id(), MemoryCache()

    async def crossed(tenant: str, _people: Sequence[UUID]) -> dict[UUID, Contact]:
        await contacts.drop(tenant, RESIDENT, resident)
        return {resident: Contact(email="old@example.com")}

    contacts = Contacts(cache, {RESIDENT: crossed}, ttl=timedelta(minutes=5), keyring=_keyring())
    assert (await contacts.of("longxi", RESIDENT, [resident]))[resident] is not None
    assert await cache.get("contact", "longxi", str(resident)) is None


async def test_nobody_is_asked_for_twice_at_the_same_time() -> None:
    one, other = new_id(), new_id()
    asked: list[list[UUID]] = []
    answer = asyncio.Event()

    async def owner(tenant: str, people: Sequence[UUID]) -> dict[UUID, Contact]:
        asked.append(list(people))
        await answer.wait()
        return {person: Contact("张三") for person in people}

    contacts = Contacts(MemoryCache(), {RESIDENT: owner}, ttl=timedelta(minutes=5), keyring=_keyring())
    first = asyncio.create_task(contacts.of("longxi", RESIDENT, [one]))
    second = asyncio.create_task(contacts.of("longxi", RESIDENT, [one, other]))
    elsewhere = asyncio.create_task(contacts.of("yuhu", RESIDENT, [one]))
    while len(asked) < 3:  # noqa: ASYNC110 (until all have asked)
        await asyncio.sleep(0)
    first.cancel()  # takes nobody else along
    answer.set()
    assert await second == {one: Contact("张三"), other: Contact("张三")}
    await elsewhere
    assert asked == [[one], [other], [one]]


async def test_whoever_is_asked_for_ahead_is_not_asked_for_again() -> None:
    resident, asked = new_id(), list[UUID]()

    async def owner(_tenant: str, people: Sequence[UUID]) -> dict[UUID, Contact]:
        asked.extend(people)
        return dict.fromkeys(people, Contact("张三"))

    def process(keyring: Keyring | None) -> Contacts:
        return Contacts(MemoryCache(), {RESIDENT: owner}, ttl=timedelta(minutes=5), keyring=keyring)

    contacts = process(_keyring())
    contacts.ask_ahead("longxi", RESIDENT, [resident, resident])
    assert await contacts.of("longxi", RESIDENT, [resident]) == {resident: Contact("张三")}
    assert await contacts.of("longxi", RESIDENT, [resident]) == {resident: Contact("张三")}
    assert asked == [resident]
    without = process(None)  # keeps nothing, so whoever needs it asks
    without.ask_ahead("longxi", RESIDENT, [resident])
    await without.of("longxi", RESIDENT, [resident])
    assert asked == [resident, resident]


async def test_an_owner_who_is_away_is_asked_again_when_it_matters() -> None:
    resident, away = new_id(), [True]

    async def owner(_tenant: str, people: Sequence[UUID]) -> dict[UUID, Contact]:
        if away.pop():
            raise Unreachable(service="intake", reason="connection")
        return dict.fromkeys(people, Contact("张三"))

    contacts = Contacts(MemoryCache(), {RESIDENT: owner}, ttl=timedelta(minutes=5), keyring=_keyring())
    contacts.ask_ahead("longxi", RESIDENT, [resident])
    while away:  # noqa: ASYNC110 (until it has been asked)
        await asyncio.sleep(0)
    away.append(False)
    await asyncio.sleep(0)
    assert await contacts.of("longxi", RESIDENT, [resident]) == {resident: Contact("张三")}
