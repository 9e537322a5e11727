"""What a route knows of its caller, and what it may do in the caller's name."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request

from shared.caching import Cache
from shared.clock import Clock
from shared.database import Database
from shared.refusals import Language
from shared.security.principal import Principal
from shared.web import idempotency
from shared.web.etags import NotModified, etag, names, names_weakly, weak_etag
from shared.web.exchange import exchange_of
from shared.web.idempotency import Claim
from shared.web.refusals import PreconditionFailed, PreconditionRequired

M = TypeVar("M", bound=BaseModel)


class Visitor:
    """Someone who may be anyone: all that a public route knows."""

    __slots__ = ("_clock", "_exchange", "_now", "_request")

    def __init__(self, request: Request, clock: Clock) -> None:
        self._request = request
        self._exchange = exchange_of(request)
        self._clock = clock
        self._now: datetime | None = None

    @property
    def language(self) -> Language:
        return self._exchange.language

    @property
    def now(self) -> datetime:
        """The moment of the call: the same however often it is asked."""
        if self._now is None:
            self._now = self._clock()
        return self._now

    def header(self, name: str) -> str | None:
        return self._exchange.header(name.lower().encode())

    def answer_with(self, name: str, value: str) -> None:
        """Send a header with the answer."""
        self._exchange.add(name, value)


class Call(Visitor):
    """A caller who was let in."""

    __slots__ = ("_cache", "database", "principal")

    def __init__(
        self, request: Request, clock: Clock, principal: Principal, database: Database, cache: Cache
    ) -> None:
        super().__init__(request, clock)
        self.principal = principal
        self.database = database
        self._cache = cache

    @property
    def tenant(self) -> str:
        return self.principal.tenant

    @property
    def idempotency_key(self) -> str | None:
        """Raises InvalidHeader where it is not 1 to 255 printable characters."""
        return idempotency.checked_key(self._exchange.header(b"idempotency-key"))

    @property
    def if_match(self) -> str | None:
        return self._exchange.header(b"if-match")

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A transaction of the caller's tenant."""
        return self.database.transaction(self.principal.tenant)

    async def once(self, action: Callable[[AsyncSession], Awaitable[M]]) -> M:
        """Carry out the action in a transaction, once for each Idempotency-Key; without a key, each time.

        The answer is kept, so it holds ids and codes and no personal data, and it is what the route returns: a
        repeated call does not come back from here, it is answered as it was the first time. An action that is refused
        keeps nothing, and may be tried again with the same key. Raises IdempotencyKeyReused, StillProcessing.
        """
        claim = await self.claim()
        if claim is None:
            async with self.transaction() as session:
                return await action(session)
        await idempotency.recall(self._cache, claim)
        async with self.transaction() as session:
            if not await idempotency.claim_in(session, claim):
                await idempotency.replay_from(session, claim)
            answer = await action(session)
            body = answer.model_dump_json(by_alias=True).encode()
            await idempotency.complete_in(session, claim, self._status, body)
        await idempotency.remember(self._cache, claim, self._status, body)
        return answer

    async def claim(self) -> Claim | None:
        """For a change in one statement (`shared.web.idempotency`): what to claim, None without a key."""
        key = self.idempotency_key
        if key is None:
            return None
        return Claim(self.tenant, self.principal.subject, key, await self.fingerprint(), self.now)

    async def fingerprint(self) -> bytes:
        """SHA-256 of this call's method, address and body, 32 bytes."""
        scope = self._request.scope
        body = await self._request.body()
        return idempotency.fingerprint(scope["method"], scope["path"], scope["query_string"], body)

    async def recall(self) -> None:
        """Before a one-statement change: end the call with the cached answer, if this is a repetition."""
        claim = await self.claim()
        if claim is not None:
            await idempotency.recall(self._cache, claim)

    async def replay(self) -> None:
        """After a one-statement change that gave no row: end the call with the stored answer."""
        claim = await self.claim()
        if claim is not None:
            async with self.transaction() as session:
                await idempotency.replay_from(session, claim)

    async def remember(self, answer: bytes) -> None:
        """After a one-statement change that was made: keep its answer, as stored in the row, in the cache."""
        claim = await self.claim()
        if claim is not None:
            await idempotency.remember(self._cache, claim, self._status, answer)

    def require_match(self, version: int) -> None:
        """The caller has to have seen this version. Raises PreconditionRequired (428), PreconditionFailed (412)."""
        if self.if_match is None:
            raise PreconditionRequired(field="If-Match")
        if not names(self.if_match, version):
            raise PreconditionFailed(field="If-Match")

    def etag(self, version: int) -> None:
        """Say which version the answer shows; a caller who has it already gets 304 and no body."""
        self._exchange.add("ETag", etag(version))
        known = self._exchange.header(b"if-none-match")
        if known is not None and self._request.method == "GET" and names(known, version):
            raise NotModified

    def weak_etag(self, *parts: object) -> None:
        """The same for an answer that is made of several things, `parts` being their ids and versions; its language
        counts too. For polling, not for If-Match."""
        tag = weak_etag((self._request.url.query, self.language, *parts))
        self._exchange.add("ETag", tag)
        known = self._exchange.header(b"if-none-match")
        if known is not None and names_weakly(known, tag):
            raise NotModified

    @property
    def _status(self) -> int:
        """Of the route's good answer."""
        status: int | None = self._request.scope["route"].status_code
        return status or 200


__all__ = ["Call", "Visitor"]
