"""The people of a journey: residents who file, workers who handle, a head who decides, through the HTTP APIs."""

import itertools
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.security import Role
from tests.support.platform import Platform
from tests.support.voice import Voice


@dataclass(frozen=True, slots=True)
class Filed:
    """A request, and the correlation of the call that filed it."""

    id: UUID
    reference: str
    grid: UUID | None
    correlation: UUID


@dataclass
class Community:
    """Whatever private is said through it is remembered in `platform.private`."""

    platform: Platform
    head_subject: str = field(default_factory=lambda: str(uuid4()))
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def head(self, service: str) -> Voice:
        """Whatever personal data she reads, she reads to handle a request."""
        return self.platform.as_(service, Role.HEAD, self.head_subject, **{"X-Purpose": "handle_request"})

    def worker_at(self, service: str, worker: UUID) -> Voice:
        return self.platform.as_(service, Role.WORKER, str(worker))

    def resident_at(self, service: str, resident: UUID) -> Voice:
        return self.platform.as_(service, Role.RESIDENT, str(resident))

    async def worker(self, name: str, *, email: str | None = None, **more: Any) -> UUID:
        body = {"staff_number": f"L{next(self._numbers):03}", "name": name, "email": email, **more}
        self._private(name, email, more.get("phone"))
        return UUID((await self.head("casework").post("/v1/workers", body))["id"])

    async def grid(self, owner: UUID, *places: str, catch_all: bool = False, kind: str = "building") -> UUID:
        number = next(self._numbers)
        body = {
            "code": f"g{number}",
            "name": f"第{number}网格",
            "kind": kind,
            "owner": str(owner),
            "places": list(places),
            "catch_all": catch_all,
        }
        return UUID((await self.head("casework").post("/v1/grids", body))["id"])

    async def resident(self, name: str, **contact: Any) -> UUID:
        self._private(name, contact.get("phone"), contact.get("email"), contact.get("address"))
        return UUID((await self.head("intake").post("/v1/residents", {"name": name, **contact}))["id"])

    async def file(
        self, resident: UUID, subject: str, body: str = "请尽快处理，谢谢。", **more: Any
    ) -> Filed:
        """Filed by the resident, on the web."""
        self._private(subject, body, more.get("address"))
        said = {"subject": subject, "body": body, **more}
        answer = await self.resident_at("intake", resident).call("POST", "/v1/requests", said)
        assert answer.status_code == 201, answer.text
        content = answer.json()
        return Filed(
            UUID(content["id"]),
            content["reference"],
            None if content["grid"] is None else UUID(content["grid"]),
            UUID(answer.headers["x-correlation-id"]),
        )

    async def case(self, request: UUID) -> dict[str, Any]:
        found: dict[str, Any] = await self.head("casework").get(f"/v1/cases/{request}")
        return found

    async def request(self, request: UUID) -> dict[str, Any]:
        """With its story, which has no words of the resident."""
        found: dict[str, Any] = await self.head("intake").get(f"/v1/requests/{request}/story")
        return found

    async def move(self, request: UUID, *moves: str, worker: UUID) -> None:
        """What the worker does with the case: accept, start, submit."""
        voice = self.worker_at("casework", worker)
        for move in moves:
            said = {"result": "resolved", "effort_minutes": 30} if move == "submit" else {}
            await voice.post(f"/v1/cases/{request}/{move}", said)
            await self.platform.settle()

    async def decide(self, request: UUID, move: str, body: Any = None) -> dict[str, Any]:
        """What the head does with the request."""
        answer: dict[str, Any] = await self.head("intake").post(f"/v1/requests/{request}/{move}", body)
        await self.platform.settle()
        return answer

    async def handled(self, request: UUID) -> UUID:
        """The worker who was assigned does all of the work; who that was."""
        worker = UUID((await self.case(request))["worker"])
        await self.move(request, "accept", "start", "submit", worker=worker)
        return worker

    async def messages(self, about: UUID) -> list[dict[str, Any]]:
        voice = self.platform.as_("notifications", Role.OPERATOR)
        found: list[dict[str, Any]] = (await voice.get("/v1/messages", about=about, limit=200))["items"]
        return found

    async def told(self, about: UUID, event: str) -> dict[str, str]:
        """Who was told of an event, each by which channel; every one of these messages was delivered."""
        lines = [line for line in await self.messages(about) if line["event"] == event]
        assert all(line["state"] == "delivered" for line in lines), lines
        return {f"{line['recipient_kind']} {line['recipient']}": line["channel"] for line in lines}

    def _private(self, *words: str | None) -> None:
        self.platform.private |= {word for word in words if word}


@pytest.fixture
def community(platform: Platform) -> Community:
    return Community(platform)
