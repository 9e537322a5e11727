"""Making fingerprints: not while somebody waits for a receipt, but a moment after it, several at once.

A filing notes its request in `request_unprinted`, and the job takes the note away with the fingerprint that it makes:
however often it dies between, each request comes to have one. Until then a request is not offered to be joined; its own
likes can be asked for (`print_of`).
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.desk import Desk
from services.intake.duplicates import queries
from services.intake.duplicates.fingerprints import Fingerprint
from services.intake.duplicates.tables import RequestUnprinted
from services.intake.requests.tables import Request
from services.intake.residents.keys import Holder
from services.intake.residents.queries import holders
from services.intake.residents.tables import Resident
from shared.database import Undecipherable, among, scope_of
from shared.observing import get_logger

_log = get_logger(__name__)

# A request whose words are past their time has none left.
_NEXT = """
SELECT waiting.request, request.resident, words.subject, words.body, words.address
FROM request_unprinted AS waiting
LEFT JOIN request ON request.id = waiting.request
LEFT JOIN request_text AS words ON words.request = waiting.request
ORDER BY waiting.request LIMIT $1
"""
_WORDS = """
SELECT request.id AS request, request.resident, words.subject, words.body, words.address
FROM request JOIN request_text AS words ON words.request = request.id WHERE request.id = $1
"""
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
    connection = await session.connection()
    rows = (await connection.exec_driver_sql(_NEXT, (count,))).all()
    if rows:
        await _write(session, await _prints(session, desk, rows, await _held(session, rows)))
        gone = delete(RequestUnprinted).where(among(RequestUnprinted.request, [row.request for row in rows]))
        await session.execute(gone.execution_options(synchronize_session=False))
    return len(rows)


async def print_of(session: AsyncSession, desk: Desk, request: Request) -> Fingerprint | None:
    """A request's fingerprint; made now and not kept where it still waits for it. None where it has none any more."""
    kept = await queries.print_of(session, request.id)
    if kept is not None or not await queries.unprinted(session, request.id):
        return kept
    connection = await session.connection()
    rows = (await connection.exec_driver_sql(_WORDS, (request.id,))).all()
    return (await _prints(session, desk, rows, [request.resident])).get(request.id)


async def _held(session: AsyncSession, rows: Sequence[Any]) -> Sequence[UUID]:
    """Those residents who are not erased, and are not until the commit: as with a filing, an erasure comes before it or
    after it, never between."""
    residents = {row.resident for row in rows if row.subject is not None}
    statement = (
        select(Resident.id)
        .where(among(Resident.id, residents), Resident.erased.is_(None))
        .order_by(Resident.id)
        .with_for_update(read=True, key_share=True)
    )
    return (await session.scalars(statement)).all()


async def _prints(
    session: AsyncSession, desk: Desk, rows: Sequence[Any], residents: Sequence[UUID]
) -> Mapping[UUID, Fingerprint]:
    """Of those whose words can be read; the others' residents were erased."""
    known = await holders(session, desk.keys, residents)
    printer = desk.printers.of(scope_of(session))
    prints: dict[UUID, Fingerprint] = {}
    for row in rows:
        if row.subject is None or row.resident not in known:
            continue
        try:
            words = _opened(known[row.resident], row)
        except Undecipherable:
            _log.exception(
                "the words of a request cannot be read; it has no fingerprint", request=str(row.request)
            )
            continue
        prints[row.request] = printer.of(words.subject, words.body, words.address)
        # The longest take milliseconds, and others use this thread.
        await asyncio.sleep(0)
    return prints


@dataclass(frozen=True, slots=True)
class _Said:
    subject: str
    body: str
    address: str | None


def _opened(holder: Holder, row: Any) -> _Said:
    return _Said(
        holder.open("request", row.request, "subject", row.subject),
        holder.open("request", row.request, "body", row.body),
        holder.open_any("request", row.request, "address", row.address),
    )


async def _write(session: AsyncSession, prints: Mapping[UUID, Fingerprint]) -> None:
    if not prints:
        return
    connection = await session.connection()
    sketches = [print.packed() for print in prints.values()]
    await connection.exec_driver_sql(_PRINT, (list(prints), sketches))
    terms = [(term, request) for request, print in prints.items() for term in print.sought]
    if terms:
        await connection.exec_driver_sql(_TERMS, tuple(map(list, zip(*terms, strict=True))))
