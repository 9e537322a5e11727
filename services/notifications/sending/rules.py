"""Which channel a message takes, and when a person must not be disturbed."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.messages.rules import Channel
from services.notifications.preferences.rules import Group, Preference
from shared.refusals import Language

SHANGHAI = ZoneInfo("Asia/Shanghai")

DISTURBING = frozenset({Channel.SMS})
"""Channels that ring. Mail and the in-app inbox are silent and go at once."""

URGENT = frozenset({"urgent", "emergency"})
"""Urgencies of a request that may ring at night."""


@dataclass(frozen=True, slots=True)
class Contact:
    """How a person can be reached. Personal data: kept in the cache for minutes, and nowhere else."""

    name: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    language: Language = "zh"


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


def channel_for(
    preference: Preference, group: Group, contact: Contact, available: frozenset[Channel]
) -> Channel:
    """The first channel of the person's order that this installation has and the person can be reached by.

    Else the in-app inbox, which everybody has; it is also the only one for a group that the person opted out of.
    """
    if group in preference.opt_outs:
        return Channel.INAPP
    addresses = {Channel.SMS: contact.phone, Channel.MAIL: contact.email, Channel.INAPP: "inbox"}
    reachable = (channel for channel in preference.order if addresses.get(channel))
    return next((channel for channel in reachable if channel in available), Channel.INAPP)


def held_until(
    now: datetime, channel: Channel, *, urgency: str | None, quiet_hours: QuietHours
) -> datetime | None:
    """Until when quiet hours hold the message back; none where it may go now."""
    if channel not in DISTURBING or urgency in URGENT:
        return None
    return quiet_hours.until(now)


_PAUSES = (timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=5))


def pause_after(waited: timedelta) -> timedelta:
    """How long to wait for what another part owes us (contacts, a request's number), having waited so long already.

    Dense at first, then every five minutes; none of it uses up an attempt.
    """
    return next((pause for pause in _PAUSES if waited < pause * 5), _PAUSES[-1])
