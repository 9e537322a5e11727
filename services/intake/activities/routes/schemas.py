"""What travels about activities."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.intake.activities.actions.planning import Change, Setting
from services.intake.activities.actions.proposing import Words
from services.intake.activities.recurrence import Cadence, Every
from services.intake.activities.roster import AgeRule, Place
from services.intake.activities.rules import Move, State
from services.intake.wire import Code
from shared.refusals import InvalidValue
from shared.web import Day, Model, Moment, Text

MOST_PLACES = 2000
"""Of all lanes together: an event tells all of them at once, and has room for so many."""
Places = Annotated[int, Field(ge=0, le=MOST_PLACES)]
Age = Annotated[int, Field(ge=0, le=130)]


class TooManyPlaces(InvalidValue):
    type = "too-many-places"


class WordsBody(Model):
    title: Annotated[str, Text(60)]
    description: Annotated[str, Text(2000, lines=True)]

    def words(self) -> Words:
        return Words(self.title, self.description)


class Proposal(WordsBody):
    kind: Code
    """Of the vocabulary `activity_kind`."""
    resident: UUID | None = None
    """Whose idea it is, where somebody writes it down for a resident; none is the community's own."""


class ActivityId(Model):
    id: UUID
    number: int


class LaneBody(Model):
    lane: Code
    """Of the vocabulary `activity_lane`: `participant`, or a duty of volunteers."""
    places: Places


class EquipmentBody(Model):
    equipment: UUID
    pieces: Annotated[int, Field(ge=1, le=500)]


class Schedule(Model):
    """When and where it takes place, and for whom."""

    starts: Moment
    ends: Moment
    sign_up_from: Moment | None = None
    """None: at once."""
    sign_up_until: Moment | None = None
    """None: until it starts."""
    venue: UUID | None = None
    meeting_point: Annotated[str, Text(100)] | None = None
    lanes: list[LaneBody] = Field(min_length=1, max_length=8)
    lowest_age: Age | None = None
    highest_age: Age | None = None
    guardian_below: Age | None = None
    """Below this age only a guardian or a worker signs up."""
    line: Annotated[int, Field(ge=0, le=500)] | None = None
    """How many may wait in a lane."""
    equipment: list[EquipmentBody] = Field(default=[], max_length=20)

    def setting(self) -> Setting:
        """Raises TooManyPlaces."""
        return Setting(
            places=places_of(self.lanes),
            venue=self.venue,
            meeting_point=self.meeting_point,
            ages=AgeRule(self.lowest_age, self.highest_age, self.guardian_below),
            line=self.line,
            equipment=[(it.equipment, it.pieces) for it in self.equipment],
        )


def places_of(lanes: list[LaneBody]) -> dict[str, int]:
    """Raises TooManyPlaces, also where a lane stands twice."""
    found = {lane.lane: lane.places for lane in lanes}
    if len(found) < len(lanes) or sum(found.values()) > MOST_PLACES:
        raise TooManyPlaces(
            field="lanes",
            reason_zh=f"每类名额只能出现一次，合计不超过 {MOST_PLACES}。",
            reason_en=f"Name each lane once, with at most {MOST_PLACES} places in all.",
        )
    return found


Scope = Literal["one", "following"]
"""This one only, or also all of its series that come after it."""


class Changed(Model):
    """What changes; what is absent stays."""

    scope: Scope = "one"
    starts: Moment | None = None
    ends: Moment | None = None
    sign_up_from: Moment | None = None
    sign_up_until: Moment | None = None
    venue: UUID | None = None
    no_venue: bool = False
    """It has no venue any more."""
    meeting_point: Annotated[str, Text(100)] | None = None
    lanes: list[LaneBody] = Field(default=[], max_length=8)
    line: Annotated[int, Field(ge=0, le=500)] | None = None
    title: Annotated[str, Text(60)] | None = None
    description: Annotated[str, Text(2000, lines=True)] | None = None

    def change(self) -> Change:
        return Change(
            starts=self.starts,
            ends=self.ends,
            sign_up_from=self.sign_up_from,
            sign_up_until=self.sign_up_until,
            venue=self.venue,
            no_venue=self.no_venue,
            meeting_point=self.meeting_point,
            places=places_of(self.lanes),
            line=self.line,
            title=self.title,
            description=self.description,
        )


class Opening(Model):
    scope: Scope = "one"


class Cancellation(Model):
    scope: Scope = "one"
    reason: Code
    """Of the vocabulary `activity_cancel_reason`."""


class Repeat(Model):
    """How the activity repeats; it is itself the first."""

    every: Every
    interval: Annotated[int, Field(ge=1, le=12)] = 1
    """Every so many weeks or months."""
    count: Annotated[int, Field(ge=1, le=60)] | None = None
    """How many in all, this one and no skipped day counted; either this or `until`."""
    until: Day | None = None
    without: list[Day] = Field(default=[], max_length=100)
    """Days on which it does not take place."""
    skip_holidays: bool = False
    """Leave out public holidays, and weekends that are worked (调休)."""

    def cadence(self, first: date) -> Cadence:
        return Cadence(
            every=self.every,
            first=first,
            interval=self.interval,
            count=self.count,
            until=self.until,
            without=frozenset(self.without) - {first},
            skip_holidays=self.skip_holidays,
        )


class OccurrenceLine(Model):
    day: date
    skipped: str | None
    """`exception`, `holiday` or `swapped_workday`; none takes place."""
    provisional: bool
    """The holidays of that year are not published yet."""
    activity: UUID | None = None


class Occurrences(Model):
    days: list[OccurrenceLine]


class Moved(Model):
    """After a move."""

    id: UUID
    state: State
    version: int
    allowed: list[Move]


class LaneLine(Model):
    lane: str
    name: str
    places: int
    taken: int
    waiting: int


class Mine(Model):
    """Where the caller stands."""

    lane: str
    state: Place
    position: int | None
    """Place in the line, from 1."""
    decline_until: datetime | None
    """Having moved up: until then the place can be given back freely."""
    checked_in: datetime | None
    checked_out: datetime | None


class ActivityLine(Model):
    """An activity in a list."""

    id: UUID
    number: int
    kind: str
    kind_name: str
    title: str | None
    """None while the proposal is not checked."""
    state: State
    state_name: str
    starts: datetime | None
    ends: datetime | None
    sign_up_from: datetime | None
    sign_up_until: datetime | None
    venue: UUID | None
    series: UUID | None
    lanes: list[LaneLine]
    votes: int | None
    """Of a proposal."""


class ActivityRecord(ActivityLine):
    description: str | None
    meeting_point: str | None
    lowest_age: int | None
    highest_age: int | None
    guardian_below: int | None
    reason: str | None
    reason_name: str | None
    version: int
    allowed: list[Move]
    """What the state machine allows now; who may do it is another question."""
    voted: bool
    """The caller voted for it."""
    mine: Mine | None
    """The caller's own place or position."""
    proposed_by: UUID | None
    """The resident whose idea it was; shown to workers, and to the resident."""


class ProposalWords(Model):
    """A resident's words as they were sent, for the worker who checks them."""

    id: UUID
    resident: UUID | None
    title: str | None
    description: str | None


class Votes(Model):
    votes: int


class StoryLine(Model):
    at: datetime
    entry: str
    name: str
    from_state: State | None
    to_state: State
    role: str
    by: str
    reason: str | None
    details: dict[str, object] | None


class Story(Model):
    id: UUID
    entries: list[StoryLine]
