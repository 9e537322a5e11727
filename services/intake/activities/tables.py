"""Activities, their places and who signed up, series, proposals and votes, and what happened to each."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Date, ForeignKey, Identity, Index, SmallInteger, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.activities.rules import UNFINISHED
from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime

NUMBERS = "activity_number"
"""The sequence of the numbers by which people speak of activities."""
_CODE = String(48)
UNFINISHED_STATES = f"state IN {tuple(map(str, UNFINISHED))}"
"""As the index and `queries.listing` have it, word for word."""
COUNTS = "state <> 'left'"
"""Of a sign-up: who left may sign up again, and has one more row."""


class ActivitySeries(Base):
    """How an activity repeats. Its occurrences are activities of their own."""

    __tablename__ = "activity_series"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    every: Mapped[str] = mapped_column(String(16))
    every_n: Mapped[int] = mapped_column(SmallInteger)
    first_day: Mapped[date] = mapped_column(Date)
    count: Mapped[int | None] = mapped_column(SmallInteger)
    until: Mapped[date | None] = mapped_column(Date)
    without: Mapped[list[date]] = mapped_column(ARRAY(Date))
    skip_holidays: Mapped[bool]
    made: Mapped[datetime] = mapped_column(UtcTime)


class Activity(Base):
    """What takes place, and what its moves change (`rules.Life`). The title and description are about no person."""

    __tablename__ = "activity"
    __table_args__ = (
        Index(None, "tenant", "number", unique=True),
        Index(None, "tenant", "state", "id"),
        Index(None, "tenant", "kind", "id"),
        Index(None, "series", "starts"),
        Index(None, "tenant", "proposer"),
        Index("ix_activity_unfinished", "tenant", "starts", postgresql_where=text(UNFINISHED_STATES)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(_CODE)
    title: Mapped[str | None] = mapped_column(String(60))
    """None until a worker has checked a resident's proposal."""
    description: Mapped[str | None] = mapped_column(Text)
    proposer: Mapped[UUID | None]
    """The resident whose idea it was; none for the community's own, and after an erasure."""
    proposed: Mapped[datetime] = mapped_column(UtcTime)

    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    checked: Mapped[datetime | None] = mapped_column(UtcTime)
    starts: Mapped[datetime | None] = mapped_column(UtcTime)
    ends: Mapped[datetime | None] = mapped_column(UtcTime)
    sign_up_from: Mapped[datetime | None] = mapped_column(UtcTime)
    sign_up_until: Mapped[datetime | None] = mapped_column(UtcTime)
    opened: Mapped[datetime | None] = mapped_column(UtcTime)
    held: Mapped[datetime | None] = mapped_column(UtcTime)
    settled: Mapped[datetime | None] = mapped_column(UtcTime)
    cancelled: Mapped[datetime | None] = mapped_column(UtcTime)
    leave_until: Mapped[datetime | None] = mapped_column(UtcTime)
    reason: Mapped[str | None] = mapped_column(_CODE)

    venue: Mapped[UUID | None] = mapped_column(ForeignKey("venue.id"))
    meeting_point: Mapped[str | None] = mapped_column(String(100))
    lowest_age: Mapped[int | None] = mapped_column(SmallInteger)
    highest_age: Mapped[int | None] = mapped_column(SmallInteger)
    guardian_below: Mapped[int | None] = mapped_column(SmallInteger)
    line: Mapped[int | None] = mapped_column(SmallInteger)
    """How many may wait in one lane; none sets no limit."""
    last_sequence: Mapped[int]
    """Of the sign-ups; the next one takes the next number."""
    reminded: Mapped[datetime | None] = mapped_column(UtcTime)
    series: Mapped[UUID | None] = mapped_column(ForeignKey("activity_series.id"))
    series_day: Mapped[date | None] = mapped_column(Date)
    """The day by the series, which stays when this one is moved."""


class ActivityLane(Base):
    """How many places there are for participants, and for each duty of volunteers."""

    __tablename__ = "activity_lane"

    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    lane: Mapped[str] = mapped_column(_CODE, primary_key=True)
    places: Mapped[int]


class ActivityProposal(Base):
    """A resident's own words, encrypted with their key (context `activity.<field>:<activity>`), until they are checked."""

    __tablename__ = "activity_proposal"

    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), index=True)
    title: Mapped[bytes]
    description: Mapped[bytes]


class ActivityVote(Base):
    __tablename__ = "activity_vote"
    __table_args__ = (Index(None, "tenant", "resident"),)

    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)


class SignUp(Base):
    """One person's place, position in the line, or the end of either (`roster.Place`)."""

    __tablename__ = "activity_sign_up"
    __table_args__ = (
        Index("ix_activity_sign_up_once", "activity", "resident", unique=True, postgresql_where=text(COUNTS)),
        Index(None, "activity", "lane", "state", "sequence"),
        Index(None, "activity", "sequence", unique=True),
        Index(None, "tenant", "resident", "id"),
        Index(
            "ix_activity_sign_up_signed_by",
            "tenant",
            "signed_by",
            postgresql_where=text("signed_by IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    lane: Mapped[str] = mapped_column(_CODE)
    sequence: Mapped[int]
    """Order of the line within the activity."""
    state: Mapped[str] = mapped_column(String(16))
    signed_by: Mapped[UUID | None]
    """The guardian or family member who signed the resident up, and who is told."""
    at: Mapped[datetime] = mapped_column(UtcTime)
    promoted: Mapped[datetime | None] = mapped_column(UtcTime)
    decline_until: Mapped[datetime | None] = mapped_column(UtcTime)
    left: Mapped[datetime | None] = mapped_column(UtcTime)
    leave_reason: Mapped[str | None] = mapped_column(_CODE)
    late: Mapped[bool]
    checked_in: Mapped[datetime | None] = mapped_column(UtcTime)
    checked_out: Mapped[datetime | None] = mapped_column(UtcTime)
    by_hand: Mapped[bool]
    """A worker checked them in or out, not the code."""
    minutes: Mapped[int | None]


class ActivityStory(Base):
    """One thing that happened to an activity. Never changed; codes, times and ids only."""

    __tablename__ = "activity_story"

    activity: Mapped[UUID] = mapped_column(ForeignKey("activity.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    entry: Mapped[str] = mapped_column(String(24))
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
    reason: Mapped[str | None] = mapped_column(_CODE)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class AttendanceBand(Base):
    """How many of an age band came to activities of a kind in a month: sums, of nobody in particular."""

    __tablename__ = "activity_attendance_band"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    kind: Mapped[str] = mapped_column(_CODE, primary_key=True)
    month: Mapped[date] = mapped_column(Date, primary_key=True)
    band: Mapped[str] = mapped_column(_CODE, primary_key=True)
    people: Mapped[int]
