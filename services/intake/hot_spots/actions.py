"""Keeping hot spots: new requests find theirs, numbers are measured again, states follow, residents say "me too"."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.duplicates import queries as duplicates
from services.intake.duplicates.fingerprints import Fingerprint
from services.intake.duplicates.queries import Similar
from services.intake.hot_spots import queries
from services.intake.hot_spots.queries import Member
from services.intake.hot_spots.rules import Heat, Said, State, Terms, commonest, heat_of, next_state
from services.intake.hot_spots.tables import HotSpot, HotSpotMember, HotSpotProgress, HotSpotVote
from services.intake.requests.rules import State as RequestState
from services.intake.requests.tables import Request
from shared.contracts.intake import HotSpotAnnounced, HotSpotCooled
from shared.database import new_id, scope_of
from shared.messaging.outbox import record

SETTLED = timedelta(seconds=60)
"""A request is looked at so long after it was filed: by then every earlier number is committed."""
_OUT = frozenset({RequestState.WITHDRAWN, RequestState.REJECTED})


async def look(session: AsyncSession, desk: Desk, now: datetime, *, count: int) -> int:
    """Put the next requests into the hot spots of what is like them, or make new ones. How many were looked at.

    One process at a time (a job): where it went down, it begins again after the last commit.
    """
    tenant = scope_of(session)
    terms = desk.policies.hot_spots(tenant)
    rows = await queries.next_requests(
        session, await queries.progress(session), filed_before=now - SETTLED, count=count
    )
    if not rows:
        return 0
    touched: set[UUID] = set()
    for request, sketch in rows:
        if RequestState(request.state) not in _OUT:
            alike = await _alike(desk, tenant, request, Fingerprint.unpacked(sketch), terms)
            hot_spot = await _into(session, request, alike, now)
            touched |= {hot_spot} - {None}  # type: ignore[arg-type]  # None is taken out
    last = rows[-1][0].id
    values = insert(HotSpotProgress).values(request=last)
    await session.execute(values.on_conflict_do_update(index_elements=["tenant"], set_={"request": last}))
    await measure(session, sorted(touched), terms, now)
    return len(rows)


async def measure(session: AsyncSession, ids: Sequence[UUID], terms: Terms, now: datetime) -> None:
    """Count these hot spots as of now; what was announced or has cooled by it is published."""
    if not ids:
        return
    rows = await queries.locked(session, ids)
    members, votes = await queries.members(session, ids), await queries.votes(session, ids)
    for row in rows:
        await _measured(session, row, members.get(row.id, ()), votes.get(row.id, ()), terms=terms, now=now)


async def vote(session: AsyncSession, id: UUID, resident: UUID, terms: Terms, now: datetime) -> HotSpot:
    """Say "me too"; a second time changes nothing. Raises HotSpotNotFound."""
    row = await queries.one(session, id, for_update=True)
    values = insert(HotSpotVote).values(hot_spot=id, resident=resident, at=now)
    await session.execute(values.on_conflict_do_nothing())
    await measure(session, [id], terms, now)
    return row


async def take_back(session: AsyncSession, id: UUID, resident: UUID, terms: Terms, now: datetime) -> HotSpot:
    """Raises HotSpotNotFound."""
    row = await queries.one(session, id, for_update=True)
    await forget_votes(session, [resident], id)
    await measure(session, [id], terms, now)
    return row


async def forget_votes(session: AsyncSession, residents: Sequence[UUID], id: UUID | None = None) -> int:
    statement = delete(HotSpotVote).where(HotSpotVote.resident.in_(residents))
    if id is not None:
        statement = statement.where(HotSpotVote.hot_spot == id)
    return len((await session.execute(statement.returning(HotSpotVote.hot_spot))).all())


async def _alike(
    desk: Desk, tenant: str, request: Request, print: Fingerprint, terms: Terms
) -> Sequence[Similar]:
    """Earlier ones about the same, within the window."""
    found = await duplicates.similar(
        desk.database,
        tenant,
        duplicates.case_of(request, print),
        but=request.id,
        least=terms.like_percent / 100,
        most=duplicates.CANDIDATES,
    )
    window = timedelta(days=terms.window_days)
    return [
        one
        for one in found
        if one.id < request.id and one.state not in _OUT and abs(request.filed - one.filed) <= window
    ]


async def _into(
    session: AsyncSession, request: Request, alike: Sequence[Similar], now: datetime
) -> UUID | None:
    """The hot spot that the request belongs to now; None where nothing is like it.

    Of several, the one that is most like it. Those like it that have none yet come along.
    """
    if not alike:
        return None
    known = await queries.places_of(session, [one.id for one in alike])
    weights: dict[UUID, float] = {}
    for one in alike:
        if one.id in known:
            weights[known[one.id]] = weights.get(known[one.id], 0.0) + one.likeness.score
    if weights:
        chosen = max(weights, key=lambda id: (weights[id], id))
    else:
        chosen = new_id()
        session.add(_new(chosen, request, now))
        await session.flush()
    members = [request.id, *(one.id for one in alike if one.id not in known)]
    values = [{"request": member, "hot_spot": chosen} for member in members]
    await session.execute(insert(HotSpotMember).values(values).on_conflict_do_nothing())
    return chosen


def _new(id: UUID, request: Request, now: datetime) -> HotSpot:
    return HotSpot(
        id=id,
        state=State.EMERGING.value,
        requests=0,
        residents=0,
        votes=0,
        heat=0,
        measured=now,
        first=request.filed,
        last=request.filed,
        version=0,
    )


async def _measured(
    session: AsyncSession,
    row: HotSpot,
    members: Sequence[Member],
    votes: Iterable[Said],
    *,
    terms: Terms,
    now: datetime,
) -> None:
    said = [member.said for member in members]
    heat = heat_of(said, votes, now, terms)
    state = next_state(State(row.state), heat, terms)
    values = {
        "state": state.value,
        "category": commonest(member.category for member in members),
        "grid": commonest(member.grid for member in members),
        "place": commonest(member.place for member in members),
        "requests": heat.requests,
        "residents": heat.residents,
        "votes": heat.voters,
        "heat": heat.index,
        "measured": now,
        "first": min((each.at for each in said), default=row.first),
        "last": max((each.at for each in said), default=row.last),
        "version": row.version + 1,
    }
    changed = state.value != row.state
    if changed and state is not State.EMERGING:
        values["announced" if state is State.ANNOUNCED else "cooled"] = now
    await session.execute(
        update(HotSpot).where(HotSpot.id == row.id).values(values),
        execution_options={"synchronize_session": False},
    )
    await session.refresh(row)
    if changed and state is not State.EMERGING:
        await record(session, _event(row, state, heat), at=now)


def _event(row: HotSpot, state: State, heat: Heat) -> HotSpotAnnounced | HotSpotCooled:
    contract = HotSpotAnnounced if state is State.ANNOUNCED else HotSpotCooled
    return contract(
        hot_spot=row.id,
        category=row.category,
        grid=row.grid,
        place=row.place,
        heat=heat.index,
        requests=heat.requests,
        residents=heat.residents,
        votes=heat.voters,
        first=row.first,
        last=row.last,
    )
