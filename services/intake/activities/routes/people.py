"""What travels about the people of an activity: sign-ups, attendance, and what they say about the programme."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from services.intake.activities.attendance import Direction
from services.intake.activities.roster import Place
from services.intake.wire import Code
from shared.web import Model, Moment, Text


class SignUpBody(Model):
    resident: UUID | None = None
    """Who comes: oneself where absent; a minor or family member of whom one is a guardian; anybody, for a worker."""
    lane: Code = "participant"


class SignedUp(Model):
    id: UUID
    resident: UUID
    lane: str
    state: Place
    position: int | None
    """Place in the line, from 1, while waiting."""


class Left(Model):
    resident: UUID
    late: bool
    """After the limit: it is counted."""


class RosterLine(Model):
    id: UUID
    resident: UUID
    lane: str
    sequence: int
    state: Place
    signed_by: UUID | None
    at: datetime
    promoted: datetime | None
    late: bool
    checked_in: datetime | None
    checked_out: datetime | None
    by_hand: bool
    minutes: int | None


class NamedLine(Model):
    resident: UUID
    name: str | None
    """None where it is not known, or erased."""
    lane: str
    state: Place
    checked_in: datetime | None


class OwnLine(Model):
    """One of the caller's sign-ups, or of somebody whom they signed up."""

    id: UUID
    activity: UUID
    number: int
    kind: str
    title: str | None
    starts: datetime | None
    resident: UUID
    lane: str
    state: Place
    state_name: str
    minutes: int | None


class CodeShown(Model):
    """The rotating code: for the organiser's screen, which asks again at `valid_until`."""

    payload: str
    """What the QR code holds."""
    code: str
    """The same to type in."""
    valid_until: datetime
    direction: Direction


class Scan(Model):
    code: Annotated[str, Text(128)]
    """The payload of the QR code, or the code alone."""
    direction: Direction = Direction.IN
    resident: UUID | None = None
    """Whom the caller signed up and stands beside; oneself where absent."""


class ByHand(Model):
    """A worker vouches for somebody without a telephone."""

    resident: UUID
    direction: Direction = Direction.IN
    at: Moment | None = None
    """When it was, if not now."""


class Checked(Model):
    resident: UUID
    checked_in: datetime | None
    checked_out: datetime | None


class ReasonLine(Model):
    code: str
    name: str
    number: int
    """What was counted: people, votes, per cent, days."""
    points: float


class SuggestionLine(Model):
    kind: str
    kind_name: str
    points: float
    reasons: list[ReasonLine]
    """The strongest first: which number gave how many points."""


class AgeLine(Model):
    kind: str
    band: str
    name: str
    people: int | None
    """None: fewer than five, and so not shown."""


class Suggestions(Model):
    months: int
    suggestions: list[SuggestionLine]
    came: list[AgeLine]
