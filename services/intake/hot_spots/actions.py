"""Keeping hot spots: new requests find theirs, numbers are measured again, states follow, residents say "me too"."""

from collections.abc import Sequence
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
from services.intake.hot_spots.queries import Measured
from services.intake.hot_spots.rules import Heat, State, Terms, gathered, next_state
from services.intake.hot_spots.tables import HotSpot, HotSpotMember, HotSpotProgress, HotSpotVote
from services.intake.requests.rules import State as RequestState
from services.intake.requests.tables import Request
from shared.contracts.intake import HotSpotAnnounced, HotSpotCooled
from shared.database import new_id, scope_of
from shared.messaging.outbox import record

SETTLED = timedelta(seconds=60)
"""A request is looked at so long after it was filed: by then every earlier number is committed."""
# As one statement: a vote that comes in between is not lost.
_VOTES_OVER = """
WITH gone AS (DELETE FROM hot_spot_vote WHERE hot_spot = ANY($1::uuid[]) RETURNING resident, at)
INSERT INTO hot_spot_vote (hot_spot, resident, at) SELECT $2::uuid, resident, at FROM gone ORDER BY at
ON CONFLICT DO NOTHING
"""
_FEW = 300
"""Requests and votes; a hot spot of fewer is measured at every vote. Our own estimate, as is the next."""
_AGAIN = timedelta(seconds=10)
_OUT = frozenset({RequestState.WITHDRAWN, RequestState.REJECTED})


async def look(session: AsyncSession, desk: Desk, now: datetime, *, count: int) -> int:
    """Put the next requests into the hot spots of what is like them, or make new ones. How many were looked at.

    One process at a time (a job): where it went down, it begins again after the last commit.
    """
    tenant = scope_of(session)
    terms = desk.policies.of(tenant).hot_spots
    rows = await queries.next_requests(
        session, await queries.progress(session), filed_before=now - SETTLED, count=count
    )
    if not rows:
        return 0
    touched: set[UUID] = set()
    for request, sketch in rows:
        if RequestState(request.state) not in _OUT:
            alike = await _alike(desk, tenant, request, Fingerprint.unpacked(sketch), terms)
            touched |= await _into(session, request, alike, now)
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
    measured = await queries.measured(session, ids, terms, now)
    for row in rows:
        await _write(session, row, measured[row.id], terms, now)


async def vote(session: AsyncSession, id: UUID, resident: UUID, terms: Terms, now: datetime) -> HotSpot:
    """Say "me too"; a second time changes nothing. Raises HotSpotNotFound."""
    row = await queries.one(session, id, for_update=True)
    values = insert(HotSpotVote).values(hot_spot=id, resident=resident, at=now)
    new = await session.scalar(values.on_conflict_do_nothing().returning(HotSpotVote.hot_spot))
    await _count(session, row, resident, 0 if new is None else 1, terms=terms, now=now)
    return row


async def take_back(session: AsyncSession, id: UUID, resident: UUID, terms: Terms, now: datetime) -> HotSpot:
    """Raises HotSpotNotFound."""
    row = await queries.one(session, id, for_update=True)
    gone = await forget_votes(session, [resident], id)
    await _count(session, row, resident, -gone, terms=terms, now=now)
    return row


async def forget_votes(session: AsyncSession, residents: Sequence[UUID], id: UUID | None = None) -> int:
    statement = delete(HotSpotVote).where(HotSpotVote.resident.in_(residents))
    if id is not None:
        statement = statement.where(HotSpotVote.hot_spot == id)
    return len((await session.execute(statement.returning(HotSpotVote.hot_spot))).all())


async def _count(
    session: AsyncSession, row: HotSpot, resident: UUID, votes: int, *, terms: Terms, now: datetime
) -> None:
    """So many votes more. Who filed a request of it is counted by that.

    A crowd that clicks on a hot spot of thousands does not have it measured at each click: votes are counted, and heat and
    state follow with the job.
    """
    if not votes or await queries.filed_in(session, row.id, resident):
        return
    if row.requests + row.votes < _FEW or now - row.measured >= _AGAIN:
        await measure(session, [row.id], terms, now)
    else:
        row.votes, row.stale, row.version = max(0, row.votes + votes), True, row.version + 1


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
) -> set[UUID]:
    """Put the request into its hot spot, and those like it that have none yet; a new one where none has any. Hot spots
    that it shows to be the same become one. Returns those that changed; none where nothing is like it."""
    if not alike:
        return set()
    known = await queries.places_of(session, [one.id for one in alike])
    links: dict[UUID, list[float]] = {}
    for one in alike:
        if one.id in known:
            links.setdefault(known[one.id], []).append(one.likeness.score)
    if links:
        chosen, same = gathered(links)
        await _absorb(session, same, chosen)
    else:
        chosen, same = new_id(), []
        session.add(_new(chosen, request, now))
        await session.flush()
    members = [request.id, *(one.id for one in alike if one.id not in known)]
    values = [{"request": member, "hot_spot": chosen} for member in members]
    await session.execute(insert(HotSpotMember).values(values).on_conflict_do_nothing())
    return {chosen, *same}


async def _absorb(session: AsyncSession, same: Sequence[UUID], chosen: UUID) -> None:
    """Requests and votes go over; what is left is empty, is shown in no list, and cools."""
    if not same:
        return
    moving = update(HotSpotMember).where(HotSpotMember.hot_spot.in_(same)).values(hot_spot=chosen)
    await session.execute(moving)
    connection = await session.connection()
    await connection.exec_driver_sql(_VOTES_OVER, (list(same), chosen))


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


async def _write(
    session: AsyncSession, row: HotSpot, measured: Measured, terms: Terms, now: datetime
) -> None:
    heat = measured.heat
    state = next_state(State(row.state), heat, terms)
    values = {
        "state": state.value,
        "category": measured.category,
        "grid": measured.grid,
        "place": measured.place,
        "requests": heat.requests,
        "residents": heat.residents,
        "votes": heat.voters,
        "heat": heat.index,
        "measured": now,
        "stale": False,
        "first": measured.first or row.first,
        "last": measured.last or row.last,
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
