"""What is known of each kind of activity, for the suggestions: sums only, no person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities.roster import PARTICIPANT, Place
from services.intake.activities.rules import State
from services.intake.activities.suggesting import Figures, Suggestion, by_kind, shown, suggestions
from services.intake.activities.tables import (
    Activity,
    ActivityLane,
    ActivityVote,
    AttendanceBand,
    SignUp,
)
from services.intake.requests.tables import Request
from shared.calendar import SHANGHAI
from shared.contracts.vocabulary import codes

MONTH = 30
"""Days, as months are counted back here."""
_HELD = (State.HELD, State.SETTLED)


@dataclass(frozen=True, slots=True)
class Programme:
    suggestions: Sequence[Suggestion]
    figures: Mapping[str, Figures]
    bands: Mapping[str, Mapping[str, int | None]]
    """By kind, who came by age band; None for fewer than five."""


async def programme(session: AsyncSession, now: datetime, *, months: int) -> Programme:
    since, today = now - timedelta(days=months * MONTH), now.astimezone(SHANGHAI).date()
    requests = by_kind(await _requests(session, since))
    held = {row.kind: row for row in await _held(session, since)}
    proposed = await _by_kind(
        session,
        select(Activity.kind, func.count()).where(
            Activity.proposer.is_not(None),
            Activity.checked.is_not(None),
            Activity.state == State.PROPOSED,
            Activity.proposed > since,
        ),
    )
    votes = await _by_kind(
        session,
        select(Activity.kind, func.count())
        .join(ActivityVote, ActivityVote.activity == Activity.id)
        .where(Activity.state == State.PROPOSED, ActivityVote.at > since),
    )
    people = await _people(session, since)
    last = await _last(session)
    figures = {
        kind: Figures(
            requests=requests.get(kind, 0),
            proposals=proposed.get(kind, 0),
            votes=votes.get(kind, 0),
            held=held[kind].held if kind in held else 0,
            places=held[kind].places if kind in held else 0,
            attended=people.get((kind, Place.ATTENDED.value), 0),
            unplaced=people.get((kind, Place.UNPLACED.value), 0),
            last=last.get(kind),
        )
        for kind in codes("activity_kind")
    }
    return Programme(suggestions(figures, today), figures, await _bands(session, since.date()))


async def _requests(session: AsyncSession, since: datetime) -> Mapping[str, int]:
    return await _by_kind(
        session,
        select(Request.category, func.count()).where(Request.category.is_not(None), Request.filed > since),
        Request.category,
    )


async def _by_kind(session: AsyncSession, statement: Any, column: Any = Activity.kind) -> Mapping[str, int]:
    rows = (await session.execute(statement.group_by(column))).all()
    return dict(rows)


async def _held(session: AsyncSession, since: datetime) -> Sequence[Any]:
    """Of each kind how many were held, with how many places for participants."""
    statement = (
        select(
            Activity.kind,
            func.count().label("held"),
            func.coalesce(func.sum(ActivityLane.places), 0).label("places"),
        )
        .outerjoin(ActivityLane, (ActivityLane.activity == Activity.id) & (ActivityLane.lane == PARTICIPANT))
        .where(Activity.state.in_(_HELD), Activity.starts > since)
        .group_by(Activity.kind)
    )
    return (await session.execute(statement)).all()


async def _last(session: AsyncSession) -> Mapping[str, date]:
    """Of each kind the day in Shanghai on which one was held last, ever."""
    rows = await session.execute(
        select(Activity.kind, func.max(Activity.starts))
        .where(Activity.state.in_(_HELD))
        .group_by(Activity.kind)
    )
    return {kind: last.astimezone(SHANGHAI).date() for kind, last in rows.all() if last is not None}


async def _people(session: AsyncSession, since: datetime) -> Mapping[tuple[str, str], int]:
    """Participants who came, and who got no place, by kind."""
    rows = await session.execute(
        select(Activity.kind, SignUp.state, func.count())
        .join(SignUp, SignUp.activity == Activity.id)
        .where(
            Activity.state.in_(_HELD),
            Activity.starts > since,
            SignUp.lane == PARTICIPANT,
            SignUp.state.in_([Place.ATTENDED, Place.UNPLACED]),
        )
        .group_by(Activity.kind, SignUp.state)
    )
    return {(kind, state): number for kind, state, number in rows.all()}


async def _bands(session: AsyncSession, since: date) -> Mapping[str, Mapping[str, int | None]]:
    rows = await session.execute(
        select(AttendanceBand.kind, AttendanceBand.band, func.sum(AttendanceBand.people))
        .where(AttendanceBand.month >= date(since.year, since.month, 1))
        .group_by(AttendanceBand.kind, AttendanceBand.band)
    )
    found: dict[str, Counter[str]] = {}
    for kind, band, number in rows.all():
        found.setdefault(kind, Counter())[band] = int(number)
    return {kind: shown(bands) for kind, bands in found.items()}
