"""Lets callers in: who they are, whether they ask too often, whether they may."""

from starlette.requests import Request

from shared.caching import Cache
from shared.clock import Clock
from shared.database import Database
from shared.security.authentication import Authenticator
from shared.security.refusals import NotPermitted
from shared.web.call import Call, Visitor
from shared.web.exchange import exchange_of
from shared.web.limits import RateLimits


class CallGate:
    def __init__(
        self,
        authenticator: Authenticator,
        limits: RateLimits,
        *,
        clock: Clock,
        database: Database,
        cache: Cache,
    ) -> None:
        self.authenticator = authenticator
        self.limits = limits
        self._clock = clock
        self._database = database
        self._cache = cache

    async def admit(
        self, request: Request, permissions: tuple[str, ...], *, credential: str | None = None
    ) -> Call:
        """Raises Unauthenticated (401), TooManyRequests (429), NotPermitted (403).

        `credential` is a token or key that came elsewhere than in the Authorization header, which then does not count.
        """
        exchange = exchange_of(request)
        authorization = exchange.headers.get(b"authorization")
        if credential is not None:
            authorization = f"Bearer {credential}".encode("utf-8", "surrogatepass")
        principal = await self.authenticator.principal(authorization)
        await self.limits.check(principal, exchange)
        if not principal.may(*permissions):
            raise NotPermitted(needed=", ".join(permissions))
        return Call(request, self._clock, principal, self._database, self._cache)

    def visit(self, request: Request) -> Visitor:
        return Visitor(request, self._clock)


__all__ = ["CallGate"]
