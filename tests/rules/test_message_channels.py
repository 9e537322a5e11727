"""Which channel a message takes, and when it is held back without being tried."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifications.messages.rules import Channel, State
from services.notifications.preferences.rules import (
    Group,
    MandatoryGroup,
    Preference,
    RepeatedChannel,
    checked,
)
from services.notifications.sending.planning import Claim, Go, Hold, Refuse, plan
from services.notifications.sending.rules import Contact, channel_for, pause_after
from services.notifications.telling.policy import Policy
from services.notifications.templates.catalogue import load

ALL = frozenset({Channel.SMS, Channel.MAIL, Channel.INAPP})
BOTH = Contact(phone="19900001234", email="someone@example.com")
NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
FACTS = {
    "reference": "261118-000123-7",
    "category": "010214",
    "urgency": "normal",
    "due": "2026-11-19T09:30:00+00:00",
    "due_provisional": False,
}


@pytest.mark.parametrize(
    ("preference", "contact", "available", "channel", "why"),
    [
        (Preference(), BOTH, ALL, Channel.SMS, "nothing chosen: the phone first"),
        (Preference(), Contact(email="a@example.com"), ALL, Channel.MAIL, "no phone: mail"),
        (Preference(), Contact(), ALL, Channel.INAPP, "no address at all: the inbox"),
        (Preference((Channel.MAIL, Channel.SMS)), BOTH, ALL, Channel.MAIL, "mail was put first"),
        (Preference((Channel.INAPP,)), BOTH, ALL, Channel.INAPP, "only the inbox was wanted"),
        (Preference((Channel.MAIL,)), Contact(phone="19900001234"), ALL, Channel.INAPP, "SMS was not wanted"),
        (
            Preference(opt_outs=frozenset({Group.PROGRESS})),
            BOTH,
            ALL,
            Channel.INAPP,
            "opted out of this group",
        ),
        (Preference(opt_outs=frozenset({Group.JOBS})), BOTH, ALL, Channel.SMS, "opted out of another"),
        (Preference(), BOTH, ALL - {Channel.SMS}, Channel.MAIL, "this installation sends no SMS"),
    ],
)
def test_channel(
    preference: Preference, contact: Contact, available: frozenset[Channel], channel: Channel, why: str
) -> None:
    assert channel_for(preference, Group.PROGRESS, contact, available) is channel, why


def test_what_is_owed_cannot_be_silenced() -> None:
    for group in (Group.RECEIPTS, Group.DECISIONS, Group.DUTY):
        with pytest.raises(MandatoryGroup):
            checked([Channel.SMS], None, [group])
    assert checked([Channel.SMS], "en", [Group.JOBS]).opt_outs == {Group.JOBS}


def test_a_channel_is_named_once() -> None:
    with pytest.raises(RepeatedChannel):
        checked([Channel.SMS, Channel.SMS], None, [])


def _plan(
    contact: Contact | None, *, now: datetime = NOON, template: str = "request.filed", **changes: Any
) -> Any:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "lease": UUID(int=2),
        "until": now + timedelta(minutes=2),
        "about": UUID(int=3),
        "recipient": UUID(int=4),
        "recipient_kind": "resident",
        "template": "request.filed",
        "template_version": 1,
        "state": State.CREATED,
        "attempts": 0,
        "created": now,
        "facts": FACTS,
        "preference": Preference(),
    }
    return plan(
        Claim(**(values | changes)),
        contact,
        template=load().newest(template),
        policy=Policy("龙溪社区", "Longxi", "龙溪社区"),
        available=ALL,
        now=now,
    )


def test_whom_nobody_knows_is_never_tried() -> None:
    assert isinstance(_plan(None), Refuse)


def test_a_request_that_is_not_known_yet_is_waited_for() -> None:
    plan = _plan(BOTH, facts={"due": FACTS["due"]})
    assert isinstance(plan, Hold)
    assert plan.reason == "waits_for_request"
    assert plan.until > NOON


def test_at_night_an_sms_is_held_and_a_mail_goes() -> None:
    assert isinstance(_plan(BOTH, now=NIGHT), Hold)
    assert isinstance(_plan(Contact(email="a@example.com"), now=NIGHT), Go)
    assert isinstance(_plan(BOTH, now=NIGHT, facts=FACTS | {"urgency": "emergency"}), Go)


_DUTY = FACTS | {"assignment_reasons": ["least_loaded"], "due_provisional": False}


@pytest.mark.parametrize(
    ("contact", "now", "channel", "why"),
    [
        (BOTH, NOON, Channel.SMS, "by day as for everyone"),
        (BOTH, NIGHT, Channel.MAIL, "at night by the next channel that does not ring"),
        (Contact(phone="19900001234"), NIGHT, Channel.INAPP, "the inbox is always there"),
    ],
)
def test_a_duty_does_not_wait_for_the_morning(
    contact: Contact, now: datetime, channel: Channel, why: str
) -> None:
    going = _plan(contact, now=now, template="case.assigned", facts=_DUTY)
    assert isinstance(going, Go), why
    assert going.channel is channel, why


@pytest.mark.parametrize(
    ("preference", "contact", "language"),
    [
        (Preference(), Contact(language="zh"), "zh"),
        (Preference(), Contact(language="en"), "en"),
        (Preference(language="zh"), Contact(language="en"), "zh"),
        (Preference(language="en"), Contact(language="zh"), "en"),
    ],
)
def test_the_persons_own_choice_of_language_wins(
    preference: Preference, contact: Contact, language: str
) -> None:
    assert _plan(contact, preference=preference).language == language


def test_pauses_grow_to_five_minutes() -> None:
    waits = [pause_after(timedelta(seconds=seconds)) for seconds in (0, 9, 10, 49, 50, 299, 300, 90_000)]
    assert [int(wait.total_seconds()) for wait in waits] == [2, 2, 10, 10, 60, 60, 300, 300]
