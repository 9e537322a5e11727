"""A running intake: its application, its handlers, and what it has published."""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from sqlalchemy import text

from services.intake.desk import Desk
from services.intake.main import SERVICE, build
from shared.contracts.base import Event
from shared.contracts.casework import CaseAccepted, CaseSubmitted, GridChanged, GridKind, WorkerAssigned
from shared.database import Database, Keyring, new_id
from shared.messaging.envelope import Envelope, Received
from shared.security import Role
from shared.security.api_keys import create_key
from shared.tenants import Tenants
from shared.testing.clock import FrozenClock
from shared.web import Application
from tests.support.web import TENANTS, Runtime, Stage, stage

__all__ = ["Intake", "intake", "stage"]

_PUBLISHED = text("SELECT type, data, time, tenant, causation FROM outbox ORDER BY position")
CONCERN = {"subject": "路灯不亮", "body": "龙溪花园3栋门口的路灯坏了三天，晚上走路看不清。"}


@dataclass
class _Runtime(Runtime):
    keyring: Keyring | None = None


class Intake:
    """The service in process. Other services' events go to its handlers by `receive`."""

    def __init__(
        self,
        database: Database,
        stage: Stage,
        clock: FrozenClock,
        keyring: Keyring | None = None,
        *,
        tenants: Tenants = TENANTS,
    ) -> None:
        self.database = database
        self.clock = clock
        self.keyring = keyring or Keyring({"1": os.urandom(32)}, "1", os.urandom(32))
        runtime: Any = _Runtime(stage.settings, clock, database, tenants, keyring=self.keyring)
        self.parts = build(runtime)
        self._stage = stage
        self._tenants = tenants
        self._app = stage.application(
            self.parts.routers, SERVICE.permissions, database=database, provides=self.parts.provides
        )

    def another_process(self, database: Database | None = None) -> "Intake":
        """The same service once more, with caches of its own."""
        return Intake(database or self.database, self._stage, self.clock, self.keyring, tenants=self._tenants)

    @property
    def folder(self) -> Path:
        """Of the attachments."""
        folder = self._stage.settings.attachments_folder
        assert folder is not None
        return folder

    @property
    def app(self) -> Application:
        return self._app

    def anybody(self, **headers: str) -> httpx.AsyncClient:
        """A client without a token."""
        return self._stage.client(self._app, None, **headers)

    async def key(self, *permissions: str, tenant: str = "longxi", **more: Any) -> str:
        """A portal's API key."""
        async with self.database.transaction(tenant) as session:
            _, text = await create_key(
                session,
                label="portal",
                permissions=permissions,
                per_minute=more.get("per_minute"),
                expires_at=more.get("expires_at"),
                created_by="head-1",
                now=self.clock(),
            )
        return text

    @property
    def desk(self) -> Desk:
        (desk,) = (part for part in self.parts.provides if isinstance(part, Desk))
        return desk

    def token(self, role: Role, subject: str, tenant: str = "longxi") -> str:
        return self._stage.issuer.mint(tenant, subject, [role])

    def as_(self, role: Role = Role.WORKER, subject: str = "worker-1", **options: str) -> httpx.AsyncClient:
        return self._stage.client(self._app, role, subject=subject, **options)

    async def resident(self, tenant: str = "longxi", **fields: Any) -> str:
        """A registered resident's id."""
        body = {"name": "张三", "phone": "19900001234", "gender": "female", **fields}
        answer = await self.as_(tenant=tenant).post("/v1/residents", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def file(
        self, resident: str | None = None, *, key: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A filed request's receipt, a moment later: it can be found by what it is like."""
        receipt = await self.file_only(resident, key=key, **fields)
        await self.run("fingerprints-making")
        return receipt

    async def file_only(
        self, resident: str | None = None, *, key: str | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A filed request's receipt."""
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {**CONCERN, "resident": resident or await self.resident(), **fields}
        answer = await self.as_().post("/v1/requests", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def move(
        self, request: str, move: str, body: dict[str, Any] | None = None, *, role: Role = Role.HEAD
    ) -> httpx.Response:
        client = self.as_(role, "head-1")
        return (
            await client.post(f"/v1/requests/{request}/{move}", json=body)
            if body is not None
            else (await client.post(f"/v1/requests/{request}/{move}"))
        )

    async def handled(self, request: str, resident: str, worker: UUID | None = None) -> UUID:
        """Bring a request to `handled`, as casework would."""
        worker = worker or new_id()
        await self.receive(assigned(request, resident, worker))
        await self.receive(
            CaseAccepted(request=UUID(request), worker=worker, resident=UUID(resident), within_limit=True)
        )
        await self.receive(
            CaseSubmitted(
                request=UUID(request), worker=worker, resident=UUID(resident), result="fixed", effort=30
            )
        )
        return worker

    async def receive(self, *events: Event, tenant: str = "longxi", at: datetime | None = None) -> None:
        """Give events of one type to the handlers, in one transaction as the inbox does it."""
        route = self.parts.handlers.route(events[0].type)
        assert route is not None
        received = [Received(self._envelope(event, tenant, at), event) for event in events]
        async with self.database.transaction(tenant) as session:
            for subscription in route.subscriptions:
                if subscription.batch:
                    await subscription.handle(session, received)
                else:
                    for each in received:
                        await subscription.handle(session, each)

    def _envelope(self, event: Event, tenant: str, at: datetime | None) -> Envelope:
        id = new_id()
        return Envelope(
            id=id,
            source=f"urn:longxi:service:{event.owner}",
            type=event.type,
            time=at or self.clock(),
            subject=event.subject(),
            tenant=tenant,
            sequence=1,
            correlation=id,
            causation=None,
            traceparent=None,
            dataschema=event.dataschema(),
            data=event.model_dump_json().encode(),
        )

    async def published(self, type: str | None = None, *, tenant: str = "longxi") -> list[dict[str, Any]]:
        """The data of every event recorded so far, oldest first, with its type."""
        async with self.database.transaction(tenant) as session:
            rows = (await session.execute(_PUBLISHED)).all()
        return [
            {"type": row.type, **orjson.loads(bytes(row.data))} for row in rows if type in {None, row.type}
        ]

    async def read(self, request: str) -> dict[str, Any]:
        answer = await self.as_().get(f"/v1/requests/{request}")
        assert answer.status_code == 200, answer.text
        record: dict[str, Any] = answer.json()
        return record

    async def story(self, request: str) -> Sequence[dict[str, Any]]:
        answer = await self.as_().get(f"/v1/requests/{request}/story")
        assert answer.status_code == 200, answer.text
        entries: Sequence[dict[str, Any]] = answer.json()["entries"]
        return entries

    async def rows(self, sql: str, *, tenant: str = "longxi") -> Sequence[Any]:
        async with self.database.transaction(tenant) as session:
            return (await session.execute(text(sql))).all()

    async def change(self, sql: str, *, tenant: str = "longxi") -> None:
        """What no route does."""
        async with self.database.transaction(tenant) as session:
            await session.execute(text(sql))

    async def run(self, job: str) -> None:
        (found,) = (each for each in self.parts.jobs if each.name == job)
        await found.run()


def assigned(request: str, resident: str, worker: UUID, round: int = 1) -> WorkerAssigned:
    """As casework publishes it; `due` is only passed on there."""
    return WorkerAssigned(
        request=UUID(request),
        worker=worker,
        resident=UUID(resident),
        reasons=("least_loaded",),
        candidates=3,
        load_before=0,
        load_after=30,
        policy="2026-01",
        round=round,
        due=datetime.fromisoformat("2026-11-25T09:30:00+00:00"),
    )


def grid(
    places: tuple[str, ...], *, catch_all: bool = False, grid: UUID | None = None, **changes: Any
) -> GridChanged:
    values: dict[str, Any] = {
        "grid": grid or new_id(),
        "kind": GridKind.BUILDING,
        "code": "g-01",
        "grid_owner": new_id(),
        "places": places,
        "catch_all": catch_all,
        **changes,
    }
    return GridChanged(**values)


@pytest.fixture
async def intake(
    service_database: Callable[[str], Awaitable[Database]], stage: Stage, frozen_clock: FrozenClock
) -> Intake:
    return Intake(await service_database("intake"), stage, frozen_clock)
