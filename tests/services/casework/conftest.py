"""A running casework: its application, its handlers, and what it has published."""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from services.casework.main import SERVICE, build
from shared.contracts.base import Event
from shared.contracts.intake import RequestFiled
from shared.database import Database, Keyring, new_id
from shared.messaging.envelope import Envelope, Received
from shared.security import Role
from shared.tenants import Tenant, Tenants
from shared.testing.clock import FrozenClock
from tests.support.web import Runtime, Stage, stage

__all__ = ["Casework", "casework", "stage"]

# Yuhu lets cases wait when everyone is at the cap, and has small caps.
COMMUNITIES = Tenants(
    {
        "longxi": Tenant("longxi", "龙溪社区", "Longxi"),
        "yuhu": Tenant("yuhu", "玉湖社区", "Yuhu", {"casework": {"over_cap": "queue", "cap_factor": 0.05}}),
    }
)
_PUBLISHED = text("SELECT * FROM outbox ORDER BY position")
_LOADS = text(
    """
    SELECT worker.id, worker.open_minutes, worker.open_cases,
        coalesce(sum(work.effort_minutes), 0)::int AS minutes, count(work.id)::int AS cases
    FROM worker LEFT JOIN "case" AS work
        ON work.worker = worker.id AND work.state IN ('open', 'accepted', 'working')
    GROUP BY worker.id
    """
)


class Casework:
    """The service in process. Events of others come by `hear`."""

    def __init__(self, database: Database, stage: Stage, clock: FrozenClock) -> None:
        self.database = database
        self.clock = clock
        key = os.urandom(32)
        self.keyring = Keyring({"1": key}, "1", key)
        runtime: Any = Runtime(stage.settings, clock, database, COMMUNITIES)
        runtime.keyring = self.keyring
        self.parts = build(runtime)
        self._stage = stage
        self._app = stage.application(
            self.parts.routers, SERVICE.permissions, database=database, provides=self.parts.provides
        )
        self._numbers = iter(range(1, 10_000))

    def client(
        self,
        role: Role = Role.HEAD,
        subject: str = "head",
        *,
        tenant: str = "longxi",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> httpx.AsyncClient:
        return self._stage.client(self._app, role, subject=subject, tenant=tenant, **headers)

    def as_worker(self, worker: UUID | str, *, tenant: str = "longxi") -> httpx.AsyncClient:
        return self.client(Role.WORKER, str(worker), tenant=tenant)

    async def worker(self, *, tenant: str = "longxi", **details: Any) -> UUID:
        """A registered worker's id."""
        body = {"staff_number": f"L{next(self._numbers):04}", "name": "张三", **details}
        answer = await self.client(tenant=tenant).post("/v1/workers", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    async def grid(self, owner: UUID, code: str, *, kind: str = "area", **more: Any) -> UUID:
        body = {"code": code, "kind": kind, "name": f"网格{code}", "owner": str(owner), **more}
        answer = await self.client().post("/v1/grids", json=body)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def filed(self, **more: Any) -> RequestFiled:
        """A request as intake publishes it."""
        now = self.clock()
        details: dict[str, Any] = {
            "request": new_id(),
            "resident": new_id(),
            "reference": f"261118-{next(self._numbers):06}-0",
            "urgency": "normal",
            "channel": "web",
            "filed": now,
            "due": now + timedelta(days=7),
            **more,
        }
        return RequestFiled(**details)

    async def file(self, *, tenant: str = "longxi", **more: Any) -> UUID:
        """One request arrives; its id."""
        event = self.filed(**more)
        await self.hear(event, tenant=tenant)
        return event.request

    async def hear(self, *events: Event, tenant: str = "longxi") -> list[Envelope]:
        """Events of one type, in one transaction as the inbox does it."""
        envelopes = [self.envelope(event, tenant) for event in events]
        route = self.parts.handlers.route(events[0].type)
        assert route is not None
        received = [Received(envelope, event) for envelope, event in zip(envelopes, events, strict=True)]
        async with self.database.transaction(tenant) as session:
            for subscription in route.subscriptions:
                for batch in [received] if subscription.batch else received:
                    await subscription.handle(session, batch)
        return envelopes

    def envelope(self, event: Event, tenant: str = "longxi") -> Envelope:
        id = new_id()
        return Envelope(
            id=id,
            source="urn:longxi:service:intake",
            type=event.type,
            time=self.clock(),
            subject=event.subject(),
            tenant=tenant,
            sequence=1,
            correlation=id,
            causation=None,
            traceparent=None,
            dataschema=event.dataschema(),
            data=event.model_dump_json().encode(),
        )

    async def move(self, case: UUID, move: str, by: UUID | str | None = None, **body: Any) -> dict[str, Any]:
        """A move that has to succeed; by the head where nobody is named."""
        answer = await self.try_move(case, move, by, **body)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def try_move(
        self, case: UUID, move: str, by: UUID | str | None = None, **body: Any
    ) -> httpx.Response:
        client = self.client() if by is None else self.as_worker(by)
        return await client.post(f"/v1/cases/{case}/{move}", json=body or None)

    async def case(self, id: UUID, *, tenant: str = "longxi") -> dict[str, Any]:
        return await self.get(f"/v1/cases/{id}", tenant=tenant)

    async def story(self, id: UUID, *, tenant: str = "longxi") -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = (await self.get(f"/v1/cases/{id}/story", tenant=tenant))["lines"]
        return lines

    async def decisions(self, id: UUID, *, tenant: str = "longxi") -> list[dict[str, Any]]:
        """The latest first."""
        found: list[dict[str, Any]] = (await self.get(f"/v1/requests/{id}/assignment", tenant=tenant))[
            "decisions"
        ]
        return found

    async def get(self, path: str, *, tenant: str = "longxi") -> dict[str, Any]:
        answer = await self.client(tenant=tenant).get(path)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def published(self, type: str | None = None, *, tenant: str = "longxi") -> list[dict[str, Any]]:
        """The data of every event recorded so far, oldest first."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(_PUBLISHED)).mappings().all()
        return [orjson.loads(bytes(row["data"])) for row in rows if type in {None, row["type"]}]

    async def types(self) -> list[str]:
        async with self.database.transaction("longxi") as session:
            return [row["type"] for row in (await session.execute(_PUBLISHED)).mappings()]

    async def loads(self, *, tenant: str = "longxi") -> dict[UUID, int]:
        """Open minutes of each worker, which have to be the sum of their open cases."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(_LOADS)).mappings().all()
        for row in rows:
            assert (row["open_minutes"], row["open_cases"]) == (row["minutes"], row["cases"])
        return {row["id"]: row["open_minutes"] for row in rows}


def spread(loads: Sequence[int]) -> float:
    """How far the heaviest load is above the lightest."""
    return (max(loads) - min(loads)) / max(loads)


@pytest.fixture
async def casework(
    service_database: Callable[[str], Awaitable[Database]], stage: Stage, frozen_clock: FrozenClock
) -> Casework:
    return Casework(await service_database("casework"), stage, frozen_clock)
