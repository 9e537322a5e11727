"""Carrying out a plan: each fault at its moment, undone when its time is over, some of them at the same time."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg
import psutil

from shared.testing.kafka_jars import KafkaUnavailable
from tests.faults.collecting import connect
from tests.faults.facts import Interruption
from tests.faults.ground import Ground
from tests.faults.plan import Kind, Round
from tests.faults.proxy import Slowness

_AT_ONCE = 3
"""Faults at the same time."""
_BACK_SECONDS = 180.0
"""Within which what was killed has to run again."""
_BASES = frozenset({"postgres", "kafka"})
"""One at a time of those on which everything stands."""
_SLOW = Slowness(latency=0.2, rate=64_000)
_TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) | objid::bigint = hashtextextended($1, 0)
"""
_RECOVERY_SECONDS = 20.0
_SWALLOWS_RECORDS = frozenset({"postgres", "notifications-worker", "notifications-postgres"})
"""Whose faults can lose the record of a message that was sent."""


class NotBack(Exception):
    """What was struck does not run again."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A round as it went. Times are seconds since 1970."""

    round: Round
    start: float
    end: float


@dataclass
class Striker:
    ground: Ground
    say: Callable[[str], None] = lambda _: None
    struck: list[Struck] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    """What did not run again, in words."""
    _busy: set[str] = field(default_factory=set)
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self, rounds: Iterable[Round]) -> None:
        """All of them; returns when the last is undone."""
        due = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for one in rounds:
                due += one.after
                await asyncio.sleep(due - time.monotonic())
                while not self._may(one.victim):
                    self._freed.clear()
                    await self._freed.wait()
                self._busy.add(one.victim)
                tasks.create_task(self._carry_out(one))

    def interruptions(self) -> list[Interruption]:
        """When mails and short messages could go out without our getting to know it."""
        return [
            Interruption(channel, one.start, one.end + _RECOVERY_SECONDS)
            for one in self.struck
            for channel, link in (("mail", "notifications-mail"), ("sms", "notifications-sms"))
            if one.round.victim in _SWALLOWS_RECORDS | {channel, link}
        ]

    def _may(self, victim: str) -> bool:
        taken = victim in self._busy or (victim in _BASES and self._busy & _BASES)
        return not taken and len(self._busy) < _AT_ONCE

    async def _carry_out(self, one: Round) -> None:
        start = time.time()
        try:
            await self._do(one)
        except NotBack as gone:
            self.gone.append(f"{gone} after {one.kind}")
            self.say(self.gone[-1])
        finally:
            self._busy.discard(one.victim)
            self._freed.set()
        self.struck.append(Struck(one, start, time.time()))
        self.say(f"{one.number:4}  {one.kind:<28} {one.victim:<26} {time.time() - start:5.1f} s")

    async def _do(self, one: Round) -> None:
        match one.kind:
            case Kind.KILL:
                await self._end(one.victim, signal.SIGKILL)
            case Kind.RESTART:
                await self._end(one.victim, signal.SIGINT if one.victim == "postgres" else signal.SIGTERM)
            case Kind.IMMEDIATE:
                await self._end(one.victim, signal.SIGQUIT)
            case Kind.FREEZE:
                await self._freeze(one.victim, one.seconds)
            case Kind.TERMINATE:
                await self._terminate(one.victim.removesuffix("-relay"))
            case Kind.FULL | Kind.FULL_LOG:
                await self._fill(one.seconds, log=one.kind is Kind.FULL_LOG)
            case Kind.CUT | Kind.HOLE | Kind.FORGET | Kind.SLOW:
                await self._disturb(one)

    async def _end(self, victim: str, number: signal.Signals) -> None:
        """And wait until it runs again."""
        before = await self._until("is running", victim, lambda: self._pid(victim))
        ground = self.ground
        if victim == "kafka" and ground.broker is not None:
            if number is signal.SIGKILL:
                ground.broker.kill()
            else:
                await ground.broker.stop()
            await self._start_kafka()
        elif victim == "redis" and ground.redis is not None:
            # Without persistence an orderly end and a kill are the same.
            await asyncio.to_thread(ground.redis.stop)
            await asyncio.to_thread(ground.redis.start)
        else:
            with suppress(ProcessLookupError):
                os.kill(before, number)
            await self._until("runs again", victim, lambda: self._another(victim, before))
        if victim == "postgres":
            await self._answers()

    async def _freeze(self, victim: str, seconds: float) -> None:
        pid = await self._until("is running", victim, lambda: self._pid(victim))
        stopped = [pid]
        try:
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                stopped += [child.pid for child in psutil.Process(pid).children(recursive=True)]
                for child in stopped[1:]:
                    os.kill(child, signal.SIGSTOP)
            await asyncio.sleep(seconds)
        finally:
            for each in reversed(stopped):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    async def _terminate(self, service: str) -> None:
        async def terminate() -> bool:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, IndexError):
                connection = await connect(self.ground.home, service)
                try:
                    return bool(await connection.fetchval(_TERMINATE, f"relay:{service}"))
                finally:
                    await connection.close(timeout=5)
            return False

        await self._eventually("has a relay that leads", service, terminate)

    async def _fill(self, seconds: float, *, log: bool) -> None:
        disk = self.ground.disk
        if disk is None:
            raise NotBack("no disk of its own was planned with")
        disk.fill()
        try:
            if log:
                await self._use_up_log(seconds)
            await asyncio.sleep(seconds)
        finally:
            disk.empty()
        await self._answers()

    async def _use_up_log(self, seconds: float) -> None:
        """Begin segment after segment until there is no room for one more."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            async with asyncio.timeout(seconds):
                connection = await connect(self.ground.home, "intake")
                while True:
                    await connection.execute(
                        "SELECT pg_logical_emit_message(true, 'fault', 'x'), pg_switch_wal()"
                    )

    async def _disturb(self, one: Round) -> None:
        link = self.ground.mesh.links[one.victim]
        match one.kind:
            case Kind.CUT:
                link.cut()
            case Kind.SLOW:
                link.slow(_SLOW)
            case _:
                link.swallow()
        try:
            await asyncio.sleep(one.seconds)
        finally:
            link.heal(forgetful=one.kind is Kind.FORGET)

    async def _start_kafka(self) -> None:
        broker = self.ground.broker
        assert broker is not None

        async def start() -> bool:
            try:
                await broker.start()
            except KafkaUnavailable:
                return False
            return True

        await self._eventually("starts", "kafka", start)

    async def _answers(self) -> None:
        async def answers() -> bool:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, IndexError):
                connection = await connect(self.ground.home, "intake")
                await connection.close(timeout=5)
                return True
            return False

        await self._eventually("answers", "postgres", answers)

    def _pid(self, victim: str) -> int | None:
        ground = self.ground
        if victim == "postgres":
            return ground.platform.server.pid if ground.platform.server.alive() else None
        if victim == "kafka":
            return ground.broker.pid if ground.broker else None
        if victim == "redis":
            return ground.redis.pid if ground.redis else None
        return ground.platform.pids().get(victim)

    def _another(self, victim: str, before: int) -> int | None:
        pid = self._pid(victim)
        return pid if pid != before else None

    async def _until(self, what: str, victim: str, look: Callable[[], int | None]) -> int:
        deadline = time.monotonic() + _BACK_SECONDS
        while (found := look()) is None:
            if time.monotonic() > deadline:
                raise NotBack(f"{victim} never {what}")
            await asyncio.sleep(0.05)
        return found

    async def _eventually(self, what: str, victim: str, look: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + _BACK_SECONDS
        while not await look():
            if time.monotonic() > deadline:
                raise NotBack(f"{victim} never {what}")
            await asyncio.sleep(0.2)
