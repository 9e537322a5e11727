"""A person chooses channels, language and silence, as far as nothing owed is silenced."""

from services.notifications.preferences.rules import Group
from shared.contracts.intake import ResidentErased
from shared.security import Role
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed, matched

PHONE, MAIL = "19900001234", "someone@example.com"


async def test_defaults_are_shown_before_anything_was_chosen(notifications: Notifications) -> None:
    async with notifications.client(Role.RESIDENT, notifications.person()) as client:
        shown = (await client.get("/v1/preferences")).json()
    assert shown == {
        "channels": ["sms", "mail", "inapp"],
        "language": None,
        "opt_outs": [],
        "mandatory": ["decisions", "duty", "receipts"],
    }


async def test_the_chosen_channel_is_taken(notifications: Notifications) -> None:
    resident = notifications.person(phone=PHONE, email=MAIL)
    async with notifications.client(Role.RESIDENT, resident) as client:
        answer = await client.put("/v1/preferences", json={"channels": ["mail", "sms"], "language": "en"})
        assert answer.status_code == 200
        assert answer.headers["etag"] == '"1"'
    await notifications.hear(filed(resident))
    await notifications.send()
    assert (await notifications.message()).channel == "mail"


async def test_what_was_opted_out_of_goes_to_the_inbox_only(notifications: Notifications) -> None:
    resident = notifications.person(phone=PHONE)
    async with notifications.client(Role.RESIDENT, resident) as client:
        await client.put("/v1/preferences", json={"channels": ["sms"], "opt_outs": ["jobs"]})
    await notifications.hear(matched(resident), filed(resident))
    await notifications.send()
    told = {row.event: row.channel for row in await notifications.messages()}
    assert told == {"job.matched": "inapp", "request.filed": "sms"}


async def test_what_is_owed_cannot_be_turned_off(notifications: Notifications) -> None:
    async with notifications.client(Role.RESIDENT, notifications.person()) as client:
        answer = await client.put("/v1/preferences", json={"channels": [], "opt_outs": [Group.DECISIONS]})
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("mandatory-group")
        wrong = await client.put("/v1/preferences", json={"channels": ["webhook"]})
        assert wrong.status_code == 422


async def test_an_erased_residents_choices_are_forgotten(notifications: Notifications) -> None:
    resident = notifications.person()
    async with notifications.client(Role.RESIDENT, resident) as client:
        await client.put("/v1/preferences", json={"channels": ["mail"], "language": "en"})
        await notifications.hear(ResidentErased(resident=resident))
        assert (await client.get("/v1/preferences")).json()["language"] is None
