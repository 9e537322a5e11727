"""Which channel a message takes, and when a person must not be disturbed."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.messages.rules import Channel
from services.notifications.preferences.rules import Group, Preference

SHANGHAI = ZoneInfo("Asia/Shanghai")

DISTURBING = frozenset({Channel.SMS})
"""Channels that ring. Mail and the in-app inbox are silent and go at once."""

URGENT = frozenset({"urgent", "emergency"})
"""Urgencies of a request that may ring at night."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A span of each day in Asia/Shanghai, its start included and its end not; it may pass midnight."""

    start: time = time(21, 30)
    end: time = time(7, 30)

    def until(self, now: datetime) -> datetime | None:
        """When quiet ends, in UTC of `now`'s zone; none when it is not quiet at `now`. Equal ends mean no quiet hours."""
        local = now.astimezone(SHANGHAI)
        at = local.time()
        if self.start <= self.end:
            quiet, tomorrow = self.start <= at < self.end, False
        else:
            quiet, tomorrow = at >= self.start or at < self.end, at >= self.start
        if not quiet:
            return None
        day = local.date() + timedelta(days=1 if tomorrow else 0)
        return datetime.combine(day, self.end, tzinfo=SHANGHAI).astimezone(now.tzinfo)


def channel_for(preference: Preference, group: Group, *, phone: bool, email: bool) -> Channel:
    """The first channel of the person's order for which there is an address; else the in-app inbox."""
    if group in preference.opt_outs:
        return Channel.INAPP
    reachable = {Channel.SMS: phone, Channel.MAIL: email, Channel.INAPP: True}
    return next((channel for channel in preference.order if reachable.get(channel)), Channel.INAPP)


def held_until(
    now: datetime, channel: Channel, *, urgency: str | None, quiet_hours: QuietHours
) -> datetime | None:
    """Until when quiet hours hold the message back; none where it may go now."""
    if channel not in DISTURBING or urgency in URGENT:
        return None
    return quiet_hours.until(now)


CONTACTS_UNAVAILABLE = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
"""Waits while whoever owns the contacts does not answer, by the age of the trouble; none of them uses up an attempt."""


def waiting_step(waited: timedelta) -> timedelta:
    """How long to wait for something that others owe us, having waited so long already: dense first, then every five minutes."""
    return next((step for step in CONTACTS_UNAVAILABLE if waited <= step * 4), CONTACTS_UNAVAILABLE[-1])
