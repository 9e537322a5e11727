"""A running employment: its application, its handlers, and what it has published."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from services.employment.main import SERVICE, build
from shared.contracts.catalogue import BY_TYPE
from shared.database import Database
from shared.messaging.envelope import Envelope, Received
from shared.security import Role
from shared.testing.clock import FrozenClock
from tests.services.employment.samples import seeker_body, vacancy_body
from tests.support.web import TENANTS, Runtime, Stage, stage

__all__ = ["Employment", "employment", "stage"]

_PUBLISHED = text("SELECT * FROM outbox ORDER BY position")


class Employment:
    """The service in process. Events go from the outbox to the handlers when a test says `hear`."""

    def __init__(self, database: Database, stage: Stage, clock: FrozenClock) -> None:
        self.database = database
        self.clock = clock
        runtime: Any = Runtime(stage.settings, clock, database, TENANTS)
        self.parts = build(runtime)
        self._stage = stage
        self._app = stage.application(
            self.parts.routers, SERVICE.permissions, database=database, provides=self.parts.provides
        )
        self._heard: set[Any] = set()

    @property
    def desk(self) -> httpx.AsyncClient:
        """A worker's client, with a token that is good now."""
        return self.client()

    def client(self, role: Role = Role.WORKER, **options: str) -> httpx.AsyncClient:
        return self._stage.client(self._app, role, **options)

    async def published(self, type: str | None = None, *, tenant: str = "longxi") -> list[Envelope]:
        """Every event recorded so far, oldest first."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(_PUBLISHED)).mappings().all()
        return [_envelope(row) for row in rows if type in {None, row["type"]}]

    async def hear(self, *, again: bool = False, tenant: str = "longxi") -> None:
        """Give the handlers what was published since the last time, or everything again."""
        fresh = [e for e in await self.published(tenant=tenant) if again or e.id not in self._heard]
        self._heard |= {envelope.id for envelope in fresh}
        for type in dict.fromkeys(envelope.type for envelope in fresh):
            await self.deliver([envelope for envelope in fresh if envelope.type == type])

    async def deliver(self, envelopes: list[Envelope]) -> None:
        """Events of one type and tenant, in one transaction as the inbox does it."""
        route = self.parts.handlers.route(envelopes[0].type)
        if route is None:
            return
        contract = BY_TYPE[envelopes[0].type]
        events = [Received(e, contract.model_validate_json(e.data)) for e in envelopes]
        async with self.database.transaction(envelopes[0].tenant) as session:
            for subscription in route.subscriptions:
                if subscription.batch:
                    await subscription.handle(session, events)
                else:
                    for event in events:
                        await subscription.handle(session, event)

    async def told(self) -> list[dict[str, Any]]:
        """The data of every job.matched."""
        return [orjson.loads(envelope.data) for envelope in await self.published("job.matched")]

    async def seeker(self, **changes: Any) -> str:
        """A registered seeker's id."""
        answer = await self.desk.post("/v1/seekers", json=seeker_body(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def vacancy(self, *, until: str = "publish", **changes: Any) -> str:
        """A vacancy's id, brought as far as `until`."""
        answer = await self.desk.post("/v1/vacancies", json=vacancy_body(**changes))
        assert answer.status_code == 201, answer.text
        id = str(answer.json()["id"])
        for move in {"draft": (), "check": ("check",), "publish": ("check", "publish")}[until]:
            moved = await self.desk.post(f"/v1/vacancies/{id}/{move}")
            assert moved.status_code == 200, moved.text
        return id

    async def matches(self, seeker: str) -> list[dict[str, Any]]:
        answer = await self.desk.get(f"/v1/seekers/{seeker}/matches")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def _envelope(row: Any) -> Envelope:
    return Envelope(
        id=row["id"],
        source="urn:longxi:service:employment",
        type=row["type"],
        time=row["time"],
        subject=row["aggregate"],
        tenant=row["tenant"],
        sequence=row["sequence"],
        correlation=row["correlation"],
        causation=row["causation"],
        traceparent=row["traceparent"],
        dataschema=row["dataschema"],
        data=bytes(row["data"]),
    )


@pytest.fixture
async def employment(
    service_database: Callable[[str], Awaitable[Database]],
    stage: Stage,
    frozen_clock: FrozenClock,
) -> Employment:
    return Employment(await service_database("employment"), stage, frozen_clock)
