"""Who gets a place, who waits, who moves up, and what is late. Plain Python, without I/O.

An activity has lanes: `participant`, and one for each duty of volunteers; each with a number of places and a line of its
own. Positions come from one sequence of the activity, so a line never changes its order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.intake.activities.terms import Terms
from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound

PARTICIPANT = "participant"
VOLUNTEER = "volunteer"


class Place(StrEnum):
    """Where one person stands."""

    IN = "in"
    WAITING = "waiting"
    LEFT = "left"
    ATTENDED = "attended"
    ABSENT = "absent"
    UNPLACED = "unplaced"
    CALLED_OFF = "called_off"


ACTIVE = (Place.IN, Place.WAITING)


class AlreadySignedUp(Conflict):
    type = "already-signed-up"
    zh = "您已报名或正在候补。"
    en = "There is a place or a position in the line already."


class NotSignedUp(NotFound):
    type = "not-signed-up"
    zh = "没有有效的报名记录。"
    en = "There is no sign-up that is still valid."


class SignUpClosed(Conflict):
    """Outside the window. Params: from_, until (ISO 8601)."""

    type = "sign-up-closed"
    zh = "不在报名时间内（{from_} 至 {until}）。"
    en = "Sign-up is possible from {from_} to {until}."


class NotTaking(Conflict):
    type = "activity-not-open"
    zh = "该活动目前不接受报名、退出或签到。"
    en = "Nobody can sign up, leave or check in now."


class NoSuchLane(InvalidValue):
    type = "no-such-lane"


class LineFull(Conflict):
    type = "waiting-list-full"
    zh = "候补名单已满（{limit} 人）。"
    en = "The waiting list is full ({limit} people)."


class PlacesBelowTaken(Conflict):
    """Nobody loses a place because somebody types a smaller number. Params: taken."""

    type = "places-below-taken"
    zh = "已有 {taken} 人获得名额，名额不能少于此数。"
    en = "{taken} people have a place already; there cannot be fewer."


class TooOften(Conflict):
    """Params: absences, days."""

    type = "absent-too-often"
    zh = "近 {days} 天内有 {absences} 次报名未到场，请联系社区工作人员报名。"
    en = "{absences} times absent within {days} days: please ask a community worker to sign you up."


class WrongAge(Forbidden):
    """Params: lowest, highest."""

    type = "outside-age"
    zh = "该活动面向 {lowest} 至 {highest} 岁的居民。"
    en = "The activity is for people from {lowest} to {highest} years of age."


class AgeUnknown(Conflict):
    type = "age-not-known"
    zh = "该活动有年龄要求，您的出生年份尚未登记，请联系社区。"
    en = "The activity asks for an age, and the year of birth is not known; ask the community."


class GuardianNeeded(Forbidden):
    """Params: below."""

    type = "guardian-needed"
    zh = "未满 {below} 岁须由监护人报名。"
    en = "Below {below} years of age the guardian signs up."


class NotTheirGuardian(Forbidden):
    type = "not-their-guardian"
    zh = "您不是该居民登记的监护人或家人，不能代为办理。"
    en = "You are not registered as this resident's guardian or family."


@dataclass(frozen=True, slots=True)
class Lane:
    """How it stands in one lane."""

    places: int
    taken: int
    waiting: int

    @property
    def free(self) -> int:
        return max(0, self.places - self.taken)

    @property
    def full(self) -> bool:
        return self.free == 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody in line."""

    id: UUID
    sequence: int


def seat(lane: Lane, *, line: int | None) -> Place:
    """Where the next one who signs up goes: to the end of the line, while anybody waits. Raises LineFull."""
    if not lane.full and lane.waiting == 0:
        return Place.IN
    if line is not None and lane.waiting >= line:
        raise LineFull(limit=line)
    return Place.WAITING


def promoted(lane: Lane, line: Sequence[Waiting]) -> Sequence[Waiting]:
    """Who moves up: the first of the line, as many as places are free."""
    return sorted(line, key=lambda waiting: waiting.sequence)[: lane.free]


def checked_places(places: int, taken: int) -> int:
    if places < taken:
        raise PlacesBelowTaken(field="places", taken=taken)
    return places


def role_of(lane: str) -> str:
    """`participant`, or `volunteer` for every duty."""
    return PARTICIPANT if lane == PARTICIPANT else VOLUNTEER


def decline_until(now: datetime, starts: datetime, terms: Terms) -> datetime:
    """How long somebody who moved up may give the place back freely: never past the beginning."""
    return min(starts, now + terms.decline)


def leave_limit(starts: datetime, terms: Terms) -> datetime:
    return starts - terms.leave


def is_late(now: datetime, *, leave_until: datetime, decline: datetime | None) -> bool:
    """Whether giving back a place now counts as late. The later of the two limits holds."""
    return now > (leave_until if decline is None else max(leave_until, decline))


def after_change(now: datetime, starts: datetime, terms: Terms) -> datetime:
    """The time has changed: everybody may leave freely for as long as one who moved up, or until the usual limit."""
    return max(leave_limit(starts, terms), min(starts, now + terms.decline))


@dataclass(frozen=True, slots=True)
class AgeRule:
    """Completed years of age on the day; where only the year of birth is known, those completed within that year."""

    lowest: int | None = None
    highest: int | None = None
    guardian_below: int | None = None
    """Below this age the guardian signs up (民法典, articles 19 and 20: 8 and 18 years)."""

    @property
    def asks(self) -> bool:
        return (self.lowest, self.highest, self.guardian_below) != (None, None, None)


def check_age(rule: AgeRule, *, age: int | None, by_guardian: bool, by_worker: bool) -> None:
    """Raises AgeUnknown, WrongAge, GuardianNeeded. A worker who sees the person vouches for an unknown age."""
    if not rule.asks or (age is None and by_worker):
        return
    if age is None:
        raise AgeUnknown
    lowest, highest = rule.lowest or 0, rule.highest or 130
    if not lowest <= age <= highest:
        raise WrongAge(lowest=lowest, highest=highest)
    if rule.guardian_below is not None and age < rule.guardian_below and not (by_guardian or by_worker):
        raise GuardianNeeded(below=rule.guardian_below)


def check_window(now: datetime, *, from_: datetime, until: datetime, ends: datetime, by_worker: bool) -> None:
    """Residents sign up in the window; a worker, who may stand at the door, until it ends. Raises SignUpClosed."""
    if (now < from_ or now > until) if not by_worker else now > ends:
        raise SignUpClosed(from_=from_.isoformat(), until=until.isoformat())


def check_absences(absences: int, terms: Terms) -> None:
    if terms.absences and absences >= terms.absences:
        raise TooOften(absences=absences, days=terms.absence_days)
