"""Nobody is rung at night, 21:30 to 07:30 in Shanghai, but for what is urgent."""

from datetime import UTC, datetime, time

import pytest

from services.notifications.messages.rules import Channel
from services.notifications.sending.rules import SHANGHAI, QuietHours, held_until


def _at(day: int, hour: int, minute: int, second: int = 0) -> datetime:
    """In Shanghai, November 2026."""
    return datetime(2026, 11, day, hour, minute, second, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until", "why"),
    [
        (_at(18, 12, 0), None, "the middle of the day"),
        (_at(18, 21, 29, 59), None, "a second before quiet begins"),
        (_at(18, 21, 30), _at(19, 7, 30), "quiet begins at 21:30 sharp"),
        (_at(18, 23, 59, 59), _at(19, 7, 30), "before midnight: until the next morning"),
        (_at(19, 0, 0), _at(19, 7, 30), "midnight: until the same morning"),
        (_at(19, 7, 29, 59), _at(19, 7, 30), "the last second of quiet"),
        (_at(19, 7, 30), None, "quiet is over at 07:30 sharp"),
        (_at(30, 22, 0), datetime(2026, 11, 30, 23, 30, tzinfo=UTC), "over the end of a month"),
    ],
)
def test_an_sms_waits_for_the_morning(now: datetime, until: datetime | None, why: str) -> None:
    assert held_until(now, Channel.SMS, urgency="normal", quiet_hours=QuietHours()) == until, why


@pytest.mark.parametrize(
    ("channel", "urgency", "held", "why"),
    [
        (Channel.SMS, "normal", True, "an SMS rings"),
        (Channel.SMS, "long", True, "and can wait"),
        (Channel.SMS, None, True, "not about a request: a vacancy can wait"),
        (Channel.SMS, "urgent", False, "urgent overrides"),
        (Channel.SMS, "emergency", False, "an emergency too"),
        (Channel.MAIL, "normal", False, "mail is silent"),
        (Channel.INAPP, "normal", False, "the inbox is silent"),
    ],
)
def test_at_night(channel: Channel, urgency: str | None, held: bool, why: str) -> None:
    until = held_until(_at(18, 23, 0), channel, urgency=urgency, quiet_hours=QuietHours())
    assert (until is not None) == held, why


def test_quiet_hours_within_one_day() -> None:
    siesta = QuietHours(time(12, 0), time(14, 0))
    assert siesta.until(_at(18, 13, 0)) == _at(18, 14, 0)
    assert siesta.until(_at(18, 14, 0)) is None
    assert siesta.until(_at(18, 11, 59)) is None


def test_a_community_without_quiet_hours() -> None:
    assert QuietHours(time(0, 0), time(0, 0)).until(_at(18, 3, 0)) is None
