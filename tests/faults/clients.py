"""Those who use the platform while it is struck: portals that file, an import, workers who move their cases.

Each asks again until it is answered, with the same Idempotency-Key. A few are hasty and give up, and a few ask once more
for what they were answered already, as a portal does whose connection broke.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.command.connection import CannotConnect, Connection, Refused, ServiceClient
from shared.security import Role
from tests.faults.facts import Asked, History, canonical
from tests.faults.people import SOURCE, World

_PATIENT, _HASTY = timedelta(seconds=60), timedelta(seconds=2)
_HASTY_SHARE, _AGAIN_SHARE = 0.03, 0.1
_RETURNED_SHARE = 0.25
_IMPORTED_SHARE = 0.8
_MOST_ROWS = 20
_LONGEST_SECONDS = 900.0
"""After which nobody asks any more: longer than the worst that is done to the platform."""


@dataclass
class Clients:
    """`seconds` is how long the filing is to take; what could not be filed in time is filed afterwards."""

    connection: Connection
    world: World
    seed: int
    seconds: float
    moved: float = 0.6
    """Share of the cases that are moved."""
    history: History = field(default_factory=History)
    stopped: bool = False
    """Set to file nothing more."""
    _rows: "deque[Mapping[str, Any]]" = field(default_factory=deque)
    _to_move: "asyncio.Queue[UUID | None]" = field(default_factory=asyncio.Queue)

    async def work(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """File every row and move the cases of some."""
        luck = random.Random(self.seed)  # noqa: S311 - chance for a test
        self._rows = deque(rows)
        began, count = time.monotonic(), len(self._rows)
        movers = 4
        async with asyncio.TaskGroup() as tasks:
            for _ in range(movers):
                tasks.create_task(self._move(random.Random(luck.random())))  # noqa: S311
            async with asyncio.TaskGroup() as filing:
                for _ in range(4):
                    filing.create_task(self._file(random.Random(luck.random()), began, count))  # noqa: S311
            for _ in range(movers):
                self._to_move.put_nowait(None)

    async def _file(self, luck: random.Random, began: float, count: int) -> None:
        async with (
            self._client("intake", Role.PORTAL) as patient,
            self._client("intake", Role.PORTAL, _HASTY) as hasty,
        ):
            while self._rows and not self.stopped:
                # By what is left: rows come back that a hasty client does not know to be filed.
                due = began + self.seconds * (1 - len(self._rows) / max(count, 1))
                await asyncio.sleep(max(0.0, due - time.monotonic()) + luck.uniform(0, 0.2))
                client = hasty if luck.random() < _HASTY_SHARE else patient
                size = luck.randint(1, _MOST_ROWS) if luck.random() < _IMPORTED_SHARE else 0
                rows = [self._rows.popleft() for _ in range(min(size or 1, len(self._rows)))]
                if rows and size:
                    await self._import(client, luck, rows)
                elif rows:
                    await self._file_one(client, luck, rows[0])

    async def _import(
        self, client: ServiceClient, luck: random.Random, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        call = Asked("import", tuple(row["external_id"] for row in rows), time.time())
        body = {"source": SOURCE, "requests": list(rows)}
        answer = await self._ask(client, luck, call, "/v1/requests/bulk", body)
        if answer is None:
            # As whoever runs an import again: what is there already is said to be.
            self._rows.extend(rows)
            return
        refused = [row["reason"] for row in answer["results"] if row["result"] == "refused"]
        call.refused = refused[0] if refused else None
        call.requests = {row["external_id"]: UUID(row["id"]) for row in answer["results"] if row["id"]}
        for row in answer["results"]:
            if row["result"] == "filed":
                self._choose(luck, UUID(row["id"]))

    async def _file_one(self, client: ServiceClient, luck: random.Random, row: Mapping[str, Any]) -> None:
        said = {name: row[name] for name in ("subject", "body", "address", "urgency")}
        said |= {"resident": str(luck.choice(self.world.residents)), "channel": "portal"}
        call = Asked("file", (), time.time())
        answer = await self._ask(client, luck, call, "/v1/requests", said)
        if answer is not None:
            call.requests = {"": UUID(answer["id"])}
            self._choose(luck, UUID(answer["id"]))

    def _choose(self, luck: random.Random, request: UUID) -> None:
        if luck.random() < self.moved:
            self._to_move.put_nowait(request)

    async def _move(self, luck: random.Random) -> None:
        """Sign for a case, then give it back, or work on it and submit it; the head does so for the workers."""
        async with (
            self._client("casework", Role.HEAD) as patient,
            self._client("casework", Role.HEAD, _HASTY) as hasty,
        ):
            while (case := await self._to_move.get()) is not None:
                await self._until_assigned(patient, case)
                returned = luck.random() < _RETURNED_SHARE
                for move in ("accept", "return") if returned else ("accept", "start", "submit"):
                    client = hasty if luck.random() < _HASTY_SHARE else patient
                    call = Asked(move, (str(case),), time.time())
                    body = _MOVES.get(move)
                    if await self._ask(client, luck, call, f"/v1/cases/{case}/{move}", body) is None:
                        break  # nobody knows where it stands

    async def _until_assigned(self, client: ServiceClient, case: UUID) -> None:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            try:
                if (await client.get(f"/v1/cases/{case}"))["worker"] is not None:
                    return
            except (CannotConnect, Refused):
                pass
            await asyncio.sleep(0.5)

    async def _ask(
        self, client: ServiceClient, luck: random.Random, call: Asked, path: str, body: Any
    ) -> Any:
        """The answer; None where a hasty client gave up, or was refused."""
        key = str(uuid4())
        self.history.calls[key] = call
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = await client.post(path, body, key=key)
            except CannotConnect:
                if client.patience < _PATIENT:
                    return None
            except Refused as refusal:
                if refusal.status < 500:
                    call.refused = str(refusal.problem.get("type", refusal.status))
                    return None
                call.faults.append(refusal.status)
            else:
                if call.answered is None:
                    call.answered = time.time()
                call.answers.append(canonical(answer) or "")
                if len(call.answers) > 1 or luck.random() >= _AGAIN_SHARE:
                    return answer
            await asyncio.sleep(0.2)
        call.refused = "never answered"
        return None

    def _client(self, service: str, role: Role, patience: timedelta = _PATIENT) -> ServiceClient:
        return self.connection.client(service, role, patience=patience)


_MOVES: Mapping[str, Mapping[str, object]] = {
    "submit": {"result": "resolved", "effort_minutes": 20},
    "return": {"reason": "wrong_grid"},
}
