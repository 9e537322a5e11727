"""Idempotency-Key: the same call made twice is carried out once, and answered the same.

The key's row is written in the transaction of the change, so the two exist together or not at all. A second call with
the key, even at the same moment on another machine, waits at the row for the first to finish and gets its answer.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/

`Call.once` does all of it with three statements beside the action's. A path that does its whole change in one statement
claims the key in it, with `Call.claim()` as arguments (a key of None claims nothing and lets the change through):

    WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true)),
    claimed AS (
        INSERT INTO idempotency_key (tenant, principal, key, fingerprint, created_at, status, answer)
        SELECT $1, $2, $3::text, $4, $5, 201, <the answer's JSON as text> FROM scope WHERE $3::text IS NOT NULL
        ON CONFLICT DO NOTHING RETURNING 1
    ),
    allowed AS (SELECT FROM scope WHERE $3::text IS NULL OR EXISTS (SELECT FROM claimed)),
    changed AS (INSERT … SELECT … FROM allowed RETURNING …)
    SELECT … FROM changed

with `await call.recall()` before it (answers from the cache), `await call.replay()` when it gives no row, and
`await call.remember(answer)` when it does.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

import asyncpg
from sqlalchemy import ColumnElement, delete, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.caching import Cache
from shared.clock import Clock
from shared.database import Database
from shared.web.refusals import IdempotencyKeyReused, InvalidHeader, StillProcessing
from shared.web.tables import IDEMPOTENCY_KEY

KEPT = timedelta(days=7)
_CACHED = timedelta(days=1)
_NAMESPACE = "answers"
_MAX_KEY = 255
_WAIT_MS = "10000"
_TRIM_ROWS = 5000
_row = IDEMPOTENCY_KEY.c


class AnswerReplayed(Exception):
    """Ends a route: the stored answer is sent as it was. The application's handler does so."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose key, for which call, when. In the order of the statement's arguments above."""

    tenant: str
    principal: str
    key: str
    fingerprint: bytes
    at: datetime

    @property
    def cache_key(self) -> str:
        return hashlib.sha256(f"{self.principal}\0{self.key}".encode()).hexdigest()

    def replay(self, fingerprint: bytes, status: int, answer: bytes) -> NoReturn:
        """Raises AnswerReplayed, or IdempotencyKeyReused where the first call was a different one."""
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused
        raise AnswerReplayed(status, answer)


def checked_key(value: str | None) -> str | None:
    """1 to 255 printable ASCII characters, or none. Raises InvalidHeader."""
    if value is None:
        return None
    # The draft writes the key as a quoted string; most callers send it bare. Both mean the same key.
    key = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if not 0 < len(key) <= _MAX_KEY or not key.isascii() or not key.isprintable():
        raise InvalidHeader(
            field="Idempotency-Key",
            expected_zh="Idempotency-Key 须为 1 至 255 个可见 ASCII 字符",
            expected_en="Idempotency-Key is 1 to 255 printable ASCII characters",
        )
    return key


def fingerprint(method: str, path: str, query: bytes, body: bytes) -> bytes:
    """SHA-256 of what was asked, byte for byte: a repeated call is sent by a program from the same bytes."""
    digest = hashlib.sha256(f"{method} {path}?".encode())
    digest.update(query + b"\n" + body)
    return digest.digest()


async def claim_in(session: AsyncSession, claim: Claim) -> bool:
    """Take the key in the running transaction; False if a finished call has it. Raises StillProcessing.

    Waits up to 10 s for an unfinished one, and leaves that as the transaction's limit for every lock.
    """
    values = select(
        literal(claim.tenant),
        literal(claim.principal),
        literal(claim.key),
        literal(claim.fingerprint),
        literal(claim.at, _row.created_at.type),
    ).select_from(func.set_config("lock_timeout", _WAIT_MS, True).alias("waits"))
    statement = (
        upsert(IDEMPOTENCY_KEY)
        .from_select(["tenant", "principal", "key", "fingerprint", "created_at"], values)
        .on_conflict_do_nothing()
        .returning(_row.key)
    )
    try:
        return (await session.execute(statement)).one_or_none() is not None
    except DBAPIError as error:
        if error.orig is not None and isinstance(error.orig.__cause__, asyncpg.LockNotAvailableError):
            raise StillProcessing from None
        raise


async def complete_in(session: AsyncSession, claim: Claim, status: int, answer: bytes) -> None:
    """Put the answer to the claimed key."""
    await session.execute(
        update(IDEMPOTENCY_KEY).where(_is(claim)).values(status=status, answer=answer.decode())
    )


async def replay_from(session: AsyncSession, claim: Claim) -> NoReturn:
    """Answer as the first call with this key was. Raises AnswerReplayed, IdempotencyKeyReused, StillProcessing."""
    found = (
        await session.execute(select(_row.fingerprint, _row.status, _row.answer).where(_is(claim)))
    ).one_or_none()
    if found is None or found.answer is None:
        raise StillProcessing
    claim.replay(found.fingerprint, found.status, found.answer.encode())


async def recall(cache: Cache, claim: Claim) -> None:
    """Answer from the cache, if it is there."""
    cached = await cache.get(_NAMESPACE, claim.tenant, claim.cache_key)
    if cached is not None:
        claim.replay(cached[:32], int.from_bytes(cached[32:34], "big"), cached[34:])


async def remember(cache: Cache, claim: Claim, status: int, answer: bytes) -> None:
    """After the commit, never before: a cached answer to a change that did not happen would be a lie."""
    value = claim.fingerprint + status.to_bytes(2, "big") + answer
    await cache.set(_NAMESPACE, claim.tenant, claim.cache_key, value, _CACHED)


async def trim_idempotency_keys(database: Database, clock: Clock) -> int:
    """Delete the rows of more than seven days, in small transactions. For a daily job; gives their number."""
    before, total = clock() - KEPT, 0
    key = (_row.tenant, _row.principal, _row.key)
    old = select(*key).where(_row.created_at < before).limit(_TRIM_ROWS)
    while True:
        async with database.everywhere() as session:
            removed = await session.execute(
                delete(IDEMPOTENCY_KEY).where(tuple_(*key).in_(old)).returning(literal(1))
            )
            count = len(removed.all())
        total += count
        if count < _TRIM_ROWS:
            return total


def _is(claim: Claim) -> ColumnElement[bool]:
    return (_row.tenant == claim.tenant) & (_row.principal == claim.principal) & (_row.key == claim.key)


__all__ = [
    "KEPT",
    "AnswerReplayed",
    "Claim",
    "checked_key",
    "claim_in",
    "complete_in",
    "fingerprint",
    "recall",
    "remember",
    "replay_from",
    "trim_idempotency_keys",
]
