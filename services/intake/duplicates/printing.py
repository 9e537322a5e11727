"""Making fingerprints: not while somebody waits for a receipt, but a moment after it, several at once.

A filing notes its request in `request_unprinted`, and the job takes the note away with the fingerprint that it makes:
however often it dies between, each request comes to have one. Until then a request is not offered to be joined; its own
likes can be asked for (`print_of`).
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.duplicates import queries
from services.intake.duplicates.fingerprints import Fingerprint
from services.intake.duplicates.tables import RequestUnprinted
from services.intake.requests import queries as requests
from services.intake.requests.actions.reading import opened
from services.intake.requests.tables import Request, RequestText
from services.intake.residents.queries import holders
from services.intake.residents.tables import Resident
from shared.database import Undecipherable, among, scope_of
from shared.observing import get_logger

_log = get_logger(__name__)

# Twice where the release before this one made it at filing.
_PRINT = """
INSERT INTO request_fingerprint (request, sketch)
SELECT * FROM unnest($1::uuid[], $2::bytea[]) ON CONFLICT DO NOTHING
"""
_TERMS = """
INSERT INTO request_term (term, request)
SELECT * FROM unnest($1::integer[], $2::uuid[]) ON CONFLICT DO NOTHING
"""


async def waiting_in(session: AsyncSession) -> Sequence[str]:
    """The communities with requests to print; the session is of all of them."""
    return (await session.scalars(select(RequestUnprinted.tenant).distinct())).all()


async def print_next(session: AsyncSession, desk: Desk, *, count: int) -> int:
    """Make the fingerprints of the community's next requests. How many were taken."""
    # A request whose words are past their time has none left.
    statement = (
        select(RequestUnprinted.request, Request.resident, RequestText)
        .outerjoin(Request, Request.id == RequestUnprinted.request)
        .outerjoin(RequestText, RequestText.request == RequestUnprinted.request)
        .order_by(RequestUnprinted.request)
        .limit(count)
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    if rows:
        said = {text.request: (resident, text) for _, resident, text in rows if text is not None}
        residents = await _held(session, {resident for resident, _ in said.values()})
        await _write(session, await _prints(session, desk, said, residents))
        gone = delete(RequestUnprinted).where(among(RequestUnprinted.request, [row.request for row in rows]))
        await session.execute(gone.execution_options(synchronize_session=False))
    return len(rows)


async def print_of(session: AsyncSession, desk: Desk, request: Request) -> Fingerprint | None:
    """A request's fingerprint; made now and not kept where it still waits for it. None where it has none any more."""
    kept = await queries.print_of(session, request.id)
    if kept is not None or not await queries.unprinted(session, request.id):
        return kept
    text = await requests.text_if_kept(session, request.id)
    said = {} if text is None else {request.id: (request.resident, text)}
    return (await _prints(session, desk, said, [request.resident])).get(request.id)


async def _held(session: AsyncSession, residents: Iterable[UUID]) -> Sequence[UUID]:
    """Those who are not erased, and are not until the commit: as with a filing, an erasure comes before it or after it,
    never between."""
    statement = (
        select(Resident.id)
        .where(among(Resident.id, residents), Resident.erased.is_(None))
        .order_by(Resident.id)
        .with_for_update(read=True, key_share=True)
    )
    return (await session.scalars(statement)).all()


async def _prints(
    session: AsyncSession,
    desk: Desk,
    said: Mapping[UUID, tuple[UUID, RequestText]],
    residents: Sequence[UUID],
) -> Mapping[UUID, Fingerprint]:
    """Of those whose words can be read, by request; `said` has each one's resident."""
    known = await holders(session, desk.keys, residents)
    printer = desk.printers.of(scope_of(session))
    prints: dict[UUID, Fingerprint] = {}
    for request, (resident, text) in said.items():
        if resident not in known:
            continue
        try:
            words = opened(known[resident], text)
        except Undecipherable:
            _log.exception(
                "the words of a request cannot be read; it has no fingerprint", request=str(request)
            )
            continue
        prints[request] = printer.of(words.subject, words.body, words.address)
        # The longest take milliseconds, and others use this thread.
        await asyncio.sleep(0)
    return prints


async def _write(session: AsyncSession, prints: Mapping[UUID, Fingerprint]) -> None:
    if not prints:
        return
    connection = await session.connection()
    sketches = [print.packed() for print in prints.values()]
    await connection.exec_driver_sql(_PRINT, (list(prints), sketches))
    terms = [(term, request) for request, print in prints.items() for term in print.sought]
    if terms:
        await connection.exec_driver_sql(_TERMS, tuple(map(list, zip(*terms, strict=True))))
