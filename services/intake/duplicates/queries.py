"""Every read of duplicates: what is like a request, what is joined to which."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.duplicates.deciding import Joined
from services.intake.duplicates.fingerprints import Fingerprint
from services.intake.duplicates.rules.joining import FOLLOWED, MOST_JOINED
from services.intake.duplicates.rules.likeness import Case, Comparer, Likeness
from services.intake.duplicates.tables import RequestFingerprint, RequestUnprinted
from services.intake.requests.rules import Move, State
from services.intake.requests.tables import Request, StoryEntry
from shared.database import Database

CANDIDATES = 40
"""Of those that share most: so many sketches are compared. A hot spot of thousands needs no more to be seen."""
_OF_A_TERM = 250
"""The newest requests with a term; one that more have tells little, and the others of the request decide."""

# As one statement, so that looking beside a filing is one round trip. OFFSET 0 keeps the planner from moving the
# looks at the tables in front of the scope.
_SIMILAR = f"""
WITH scope AS MATERIALIZED (
    SELECT set_config('longxi.tenant', $1, true) AS tenant
), hit AS MATERIALIZED (
    SELECT posting.request, sum(sought.weight) AS shared
    FROM scope CROSS JOIN unnest($2::integer[], $3::real[]) AS sought (term, weight) CROSS JOIN LATERAL (
        SELECT request FROM request_term WHERE tenant = scope.tenant AND term = sought.term
        ORDER BY request DESC LIMIT {_OF_A_TERM}
    ) posting
    WHERE posting.request IS DISTINCT FROM $4::uuid
    GROUP BY posting.request ORDER BY shared DESC, posting.request DESC LIMIT {CANDIDATES}
)
SELECT print.sketch, candidate.* FROM scope CROSS JOIN hit CROSS JOIN LATERAL (
    SELECT sketch FROM request_fingerprint WHERE tenant = scope.tenant AND request = hit.request OFFSET 0
) print CROSS JOIN LATERAL (
    SELECT id, reference, resident, category, grid, place, state, filed, history, duplicate_of
    FROM request WHERE tenant = scope.tenant AND id = hit.request OFFSET 0
) candidate
"""  # noqa: S608 - made of the constants above

_JOINED = f"""
SELECT id, resident, duplicate_of FROM request
WHERE duplicate_of = ANY($1::uuid[]) AND duplicate_of IS NOT NULL AND state = '{State.DUPLICATE}' ORDER BY id
"""  # noqa: S608 - made of a constant


_BEGINS = frozenset({Move.MARK_DUPLICATE.value, Move.MOVE_ALONG.value})
_BOUNDS = _BEGINS | {Move.SEPARATE.value, Move.PROMOTE.value}


class Similar(NamedTuple):
    """A request that is like another, as far as it may be shown to anybody."""

    id: UUID
    reference: str
    resident: UUID
    category: str | None
    grid: UUID | None
    place: str | None
    state: State
    filed: datetime
    history: bool
    duplicate_of: UUID | None
    likeness: Likeness


async def similar(
    database: Database, tenant: str, case: Case, *, but: UUID | None = None, least: float, most: int
) -> Sequence[Similar]:
    """The requests that are most like `case`, from the score `least` on, the most alike first."""
    print = case.print
    sought = list(print.sought)
    if not sought:
        return ()
    weights = [print.terms[term] for term in sought]
    rows = await database.statement(_SIMILAR, tenant, sought, weights, but)
    compared = Comparer(case)
    found = [_similar(compared, row) for row in rows]
    found = [one for one in found if one.likeness.score >= least]
    return sorted(found, key=lambda one: (-one.likeness.score, one.id))[:most]


async def print_of(session: AsyncSession, request: UUID) -> Fingerprint | None:
    sketch = await session.scalar(
        select(RequestFingerprint.sketch).where(RequestFingerprint.request == request)
    )
    return None if sketch is None else Fingerprint.unpacked(sketch)


async def unprinted(session: AsyncSession, request: UUID) -> bool:
    """Whether its fingerprint is still to be made."""
    statement = select(RequestUnprinted.request).where(RequestUnprinted.request == request)
    return await session.scalar(statement) is not None


def case_of(row: Request, print: Fingerprint) -> Case:
    return Case(print, row.filed, row.category, row.grid, row.place)


async def state_of(session: AsyncSession, request: UUID) -> State | None:
    """As it is now, without loading the request: it is locked afterwards."""
    state = await session.scalar(select(Request.state).where(Request.id == request))
    return None if state is None else State(state)


async def main_of(session: AsyncSession, request: UUID) -> UUID | None:
    """What it is joined to; None where it stands alone or there is no such request."""
    main: UUID | None = await session.scalar(select(Request.duplicate_of).where(Request.id == request))
    return main


async def joined_to(session: AsyncSession, requests: Iterable[UUID]) -> Sequence[Joined]:
    """Those that were joined to these requests, and are. Held still by whoever has locked the main ones."""
    connection = await session.connection()
    found = await connection.exec_driver_sql(_JOINED, (list(requests),))
    return [Joined(row.id, row.resident, row.duplicate_of) for row in found]


async def rows_joined_to(session: AsyncSession, request: UUID) -> Sequence[Request]:
    """The oldest first."""
    statement = select(Request).where(
        Request.duplicate_of == request,
        Request.duplicate_of.is_not(None),
        Request.state == State.DUPLICATE.value,
    )
    return (await session.scalars(statement.order_by(Request.id).limit(MOST_JOINED))).all()


async def withdrawn_parts(session: AsyncSession, parent: UUID) -> Sequence[UUID]:
    statement = select(Request.id).where(Request.parent == parent, Request.state == State.WITHDRAWN.value)
    return (await session.scalars(statement.order_by(Request.id))).all()


async def last_entry(session: AsyncSession, request: UUID, *moves: Move) -> datetime | None:
    """When one of these moves was made last."""
    at: datetime | None = await session.scalar(
        select(StoryEntry.at)
        .where(StoryEntry.request == request, StoryEntry.entry.in_([move.value for move in moves]))
        .order_by(StoryEntry.id.desc())
        .limit(1)
    )
    return at


async def followed_by(session: AsyncSession, own: Sequence[StoryEntry]) -> Sequence[StoryEntry]:
    """What happened to the requests that one was joined to, while it was; `own` is its story, in order."""
    found: list[StoryEntry] = []
    for main, since, until in _stays(own):
        statement = select(StoryEntry).where(
            StoryEntry.request == main, StoryEntry.id > since, StoryEntry.entry.in_(FOLLOWED)
        )
        if until is not None:
            statement = statement.where(StoryEntry.id < until)
        found += (await session.scalars(statement.order_by(StoryEntry.id))).all()
    return found


def _stays(own: Sequence[StoryEntry]) -> list[tuple[UUID, int, int | None]]:
    """To which requests it was joined, after which entry, before which: joining and leaving lock both, so that their
    entries stand between those of the other one as they happened."""
    stays: list[tuple[UUID, int, int | None]] = []
    for entry in own:
        if entry.entry not in _BOUNDS:
            continue
        if stays and stays[-1][2] is None:
            stays[-1] = (*stays[-1][:2], entry.id)
        if entry.entry in _BEGINS and entry.details is not None:
            stays.append((UUID(entry.details["of"]), entry.id, None))
    return stays


def _similar(compared: Comparer, row: Any) -> Similar:
    other = Case(
        Fingerprint.unpacked(row["sketch"]), row["filed"], row["category"], row["grid"], row["place"]
    )
    return Similar(
        id=row["id"],
        reference=row["reference"],
        resident=row["resident"],
        category=row["category"],
        grid=row["grid"],
        place=row["place"],
        state=State(row["state"]),
        filed=row["filed"],
        history=row["history"],
        duplicate_of=row["duplicate_of"],
        likeness=compared(other),
    )
