"""The rotating code of attendance, and how long somebody was there. Plain Python; the key is passed in as a function.

The organiser's screen shows a code that is another every 30 seconds, as in TOTP (RFC 6238): an HMAC over the activity, the
direction and the time step. It is taken for its own step and one step more, with the token of the person whose telephone
sends it: whoever passes a picture of it on passes on something that is dead within a minute, and that signs in nobody
but who sends it.
"""

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.intake.activities.roster import PARTICIPANT
from shared.refusals import Conflict, Refusal

STEP = 30
"""Seconds. RFC 6238 (section 5.2) recommends 30."""
BACK = 1
"""Steps that a code is still taken for, after its own: whoever scanned in the last second gets to send it."""
_BYTES = 10
"""80 bits, 16 characters: nobody guesses one in a minute."""
VOLUNTEERS = timedelta(hours=2)
"""So long before and after it, the work of volunteers counts: setting up and clearing. Our own estimate."""
PREFIX = "LONGXI"

Sign = Callable[[str], bytes]
"""A keyed hash of 32 bytes."""


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class WrongCode(Refusal):
    status = 422
    type = "attendance-code-not-valid"
    zh = "签到码无效或已过期，请扫描现场屏幕上的最新二维码。"
    en = "The code is wrong or has expired; scan the one that the screen shows now."


class CheckedInAlready(Conflict):
    type = "checked-in-already"
    zh = "已经签到，无需重复签到。"
    en = "Checked in already."


class CheckedOutAlready(Conflict):
    type = "checked-out-already"
    zh = "已经签退。"
    en = "Checked out already."


class NotCheckedIn(Conflict):
    type = "not-checked-in"
    zh = "尚未签到，不能签退。"
    en = "Who has not checked in cannot check out."


class TooEarly(Conflict):
    """Params: from_ (ISO 8601)."""

    type = "check-in-too-early"
    zh = "签到于 {from_} 开始。"
    en = "Check-in begins at {from_}."


@dataclass(frozen=True, slots=True)
class Shown:
    """What the screen shows now."""

    payload: str
    """What the QR code holds: capital letters, digits and `/`, so that it stays small."""
    code: str
    valid_until: datetime
    """When the screen shows another; the code itself is taken for one step more."""


def step_of(moment: datetime) -> int:
    return int(moment.timestamp()) // STEP


def code_at(sign: Sign, activity: UUID, direction: Direction, step: int) -> str:
    return base64.b32encode(sign(f"{activity}:{direction}:{step}")[:_BYTES]).decode()


def shown(sign: Sign, activity: UUID, direction: Direction, now: datetime) -> Shown:
    step = step_of(now)
    code = code_at(sign, activity, direction, step)
    until = datetime.fromtimestamp((step + 1) * STEP, tz=now.tzinfo)
    return Shown(f"{PREFIX}/{activity.hex.upper()}/{direction.upper()}/{code}", code, until)


def check_code(sign: Sign, activity: UUID, direction: Direction, given: str, now: datetime) -> None:
    """`given` is the code or the whole payload. Raises WrongCode; takes as long for a wrong one as for a right one."""
    parts = given.strip().upper().split("/")
    code, whole = parts[-1], len(parts) > 1
    named = not whole or parts[:-1] == [PREFIX, activity.hex.upper(), direction.upper()]
    step = step_of(now)
    right = [
        hmac.compare_digest(code.encode(), code_at(sign, activity, direction, step - back).encode())
        for back in range(BACK + 1)
    ]
    if not (any(right) and named):
        raise WrongCode(field="code")


@dataclass(frozen=True, slots=True)
class Presence:
    checked_in: datetime | None = None
    checked_out: datetime | None = None


def enter(presence: Presence, now: datetime, *, starts: datetime) -> Presence:
    """Raises CheckedInAlready, TooEarly."""
    if presence.checked_in is not None:
        raise CheckedInAlready
    if now < starts - VOLUNTEERS:
        raise TooEarly(from_=(starts - VOLUNTEERS).isoformat())
    return Presence(checked_in=now)


def leave(presence: Presence, now: datetime) -> Presence:
    """Raises NotCheckedIn, CheckedOutAlready."""
    if presence.checked_in is None:
        raise NotCheckedIn
    if presence.checked_out is not None:
        raise CheckedOutAlready
    return Presence(presence.checked_in, max(now, presence.checked_in))


def minutes(presence: Presence, *, starts: datetime, ends: datetime, lane: str) -> int:
    """Whole minutes that count. A participant's time is the activity's own; a volunteer's has two hours around it.

    Who did not check out is counted until the planned end. Never negative.
    """
    if presence.checked_in is None:
        return 0
    around = timedelta(0) if lane == PARTICIPANT else VOLUNTEERS
    first = max(presence.checked_in, starts - around)
    last = min(presence.checked_out or ends, ends + around)
    return max(0, int((last - first).total_seconds()) // 60)


__all__ = [
    "BACK",
    "STEP",
    "CheckedInAlready",
    "CheckedOutAlready",
    "Direction",
    "NotCheckedIn",
    "Presence",
    "Shown",
    "Sign",
    "TooEarly",
    "WrongCode",
    "check_code",
    "code_at",
    "enter",
    "leave",
    "minutes",
    "shown",
    "step_of",
]
