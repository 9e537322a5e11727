"""Intake alone, with its worker, on a real broker and under the names that topics have in earnest: an owner of events that
has them in its outbox, publishes them, and sends them again when asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import UUID

from services.intake.main import SERVICE as INTAKE
from shared.clock import system_clock
from shared.database.provision import Access
from shared.messaging.log import EventLog, open_log
from shared.security import Role
from shared.testing.clock import RunningClock
from shared.testing.serving import serving
from tests.kits.gateway import Gateway
from tests.support.event_logs import OPTIONS
from tests.support.platform import Ground, Platform

TOPIC = "intake.events"
_PASS_OVER = "UPDATE outbox_progress SET position = (SELECT max(position) FROM outbox)"


class Owner(Platform):
    """`url` is its address, with the service's name in the path."""

    url = ""

    def log(self) -> EventLog:
        return open_log(self.ground, OPTIONS)

    @asynccontextmanager
    async def up(self) -> AsyncIterator["Owner"]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.http)
            await self._open(INTAKE, stack, smtp_port=0)
            self.url = await stack.enter_async_context(serving(Gateway(self.routes.apps)))
            yield self

    def token(self, folder: Path, role: Role = Role.DISTRICT) -> Path:
        """A file with a token of this role."""
        path = folder / f"{role}-token"
        path.write_text(self.issuer.mint("longxi", f"{role}-1", [role]) + "\n")
        return path

    async def life(self) -> UUID:
        """A request with three events: filed, accepted, withdrawn. The second never reaches Kafka."""
        intake = self.running["intake"]
        desk = self.as_("intake", Role.HEAD)
        portal = self.as_("intake", Role.PORTAL)
        resident = (await desk.post("/v1/residents", {"name": "张三"}))["id"]
        concern = {"resident": resident, "subject": "路灯不亮", "body": "坏了三天。"}
        request = UUID((await desk.post("/v1/requests", concern))["id"])
        await self.settle(within=60)
        await intake.stop_worker()
        await desk.post(f"/v1/requests/{request}/accept")
        await intake.admin.execute(_PASS_OVER)
        await intake.start_worker()
        await portal.post(f"/v1/requests/{request}/withdraw")
        await self.settle(within=60)
        return request


def owner(kafka: str, access: Callable[[str], Awaitable[Access]], postgres: str, folder: Path) -> Owner:
    return Owner(Ground(kafka, None, None, access, postgres, folder), RunningClock(system_clock()))
