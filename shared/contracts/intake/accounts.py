"""Money of activities and points of volunteers: what was settled, earned, spent, and what expires."""

from shared.contracts.base import (
    Change,
    Code,
    Count,
    Day,
    Event,
    Fen,
    Minutes,
    Moment,
    Owner,
    PersonalId,
    ThingId,
)


class ActivitySettled(Event):
    """The ledger of an activity balances and is closed: its sums are open to everybody. No person is named."""

    type = "activity.settled"
    owner = Owner.INTAKE
    aggregate = "activity"

    activity: ThingId
    cost: Fen
    """All that was spent."""
    budget: Fen
    """Of the cost, what the community's budget paid,"""
    sponsored: Fen
    """what sponsors paid,"""
    donated: Fen
    """and what residents paid and did not want back."""
    out_of_pocket: Fen
    """What residents laid out, all of it reimbursed or given, before it was settled."""
    lines: Count
    """Of the ledger, reversals included."""


class _PointsEvent(Event):
    owner = Owner.INTAKE
    aggregate = "resident"

    resident: PersonalId


class PointsPosted(_PointsEvent):
    """A resident's volunteer points changed."""

    type = "points.posted"

    amount: Change
    """Earned above zero; spent, expired or taken back below."""
    balance: Count
    """After it."""
    reason: Code
    """Code of `point_reason`."""
    activity: ThingId | None = None


class PointsExpiryAnnounced(_PointsEvent):
    """Some of a resident's points expire soon."""

    type = "points.expiry_announced"
    consumers = ("notifications",)

    amount: Count
    expires: Moment
    balance: Count


class PointsStated(_PointsEvent):
    """The statement of a month in which something happened to a resident's points."""

    type = "points.stated"
    consumers = ("notifications",)

    month: Day
    """Its first day."""
    earned: Count
    spent: Count
    expired: Count
    minutes: Minutes
    """Worked as a volunteer in that month."""
    balance: Count
    """At its end."""


__all__ = ["ActivitySettled", "PointsExpiryAnnounced", "PointsPosted", "PointsStated"]
