"""Who is told of activities: the person or their guardian, each of many once, and a reminder can be silenced."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.notifications.preferences.rules import MANDATORY, Group
from services.notifications.telling.drafts import Draft, drafts_of, heard
from services.notifications.telling.rules import TELLINGS
from services.notifications.templates.catalogue import load
from services.notifications.templates.rules import render_sms
from shared.contracts.base import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.documents.golden import data_of
from shared.messaging.envelope import Envelope, Received

TOLD = ("joined", "waitlisted", "promoted", "rescheduled", "cancelled", "reminded")


def drafts(type: str, **other: object) -> list[Draft]:
    contract = BY_TYPE[type]
    event: Event = contract.model_validate(data_of(contract, **other))
    id = uuid4()
    envelope = Envelope(
        id=id,
        source="urn:longxi:service:intake",
        type=type,
        time=datetime(2026, 11, 25, tzinfo=UTC),
        subject=event.subject(),
        tenant="longxi",
        sequence=1,
        correlation=id,
        causation=None,
        traceparent=None,
        dataschema=event.dataschema(),
        data=event.model_dump_json().encode(),
    )
    return drafts_of(heard(Received(envelope, event)), heads=())


@pytest.mark.parametrize("what", TOLD)
def test_everybody_concerned_is_told_in_words(what: str) -> None:
    people = [str(uuid4()) for _ in range(3)]
    (draft,) = drafts(f"activity.{what}", contact=people[0], contacts=people)
    expected = people if what in {"rescheduled", "cancelled", "reminded"} else people[:1]
    assert [str(recipient) for recipient in draft.recipients] == expected
    assert draft.recipient_kind == "resident"
    text = render_sms(load().newest(f"activity.{what}"), "zh", json.loads(draft.facts)).text
    assert "手工制作" in text
    assert "118" in text


def test_a_guardian_is_told_instead_of_the_child() -> None:
    child, guardian = uuid4(), uuid4()
    (draft,) = drafts("activity.promoted", resident=str(child), contact=str(guardian))
    assert draft.recipients == (UUID(str(guardian)),)


def test_only_the_reminder_can_be_silenced() -> None:
    groups = {what: load().newest(f"activity.{what}").group for what in TOLD}
    assert [what for what, group in groups.items() if group not in MANDATORY] == ["reminded"]
    assert groups["reminded"] is Group.ACTIVITIES
    assert TELLINGS["activity.opened"] == ()
