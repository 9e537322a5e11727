"""The sender's loop: woken at once, nobody held up by a slow provider, nothing lost at stop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from services.notifications.sending.loop import work_off
from services.notifications.sending.wake import Wake, WakeLost
from shared.database import Database
from shared.testing.clock import FrozenClock
from shared.testing.smtp_server import HANG, SmtpServer
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed


@asynccontextmanager
async def _running(notifications: Notifications) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(notifications.line.run())
    # Until it listens: what is due when it starts is taken anyway.
    await asyncio.sleep(0.3)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (the database has no event for this)
            await asyncio.sleep(0.02)


async def test_a_message_leaves_as_soon_as_it_is_committed(notifications: Notifications) -> None:
    async with _running(notifications):
        started = time.monotonic()
        await notifications.hear(filed(notifications.person()))

        async def delivered() -> bool:
            return bool((await notifications.message()).state == "delivered")

        await _until(delivered)
        # Far below the loop's longest wait: it was woken.
        assert time.monotonic() - started < 5


async def test_a_mailbox_that_hangs_keeps_no_other_waiting(
    notifications: Notifications, post: SmtpServer
) -> None:
    post.office.replies["slow@example.com"] = [HANG]
    people = [notifications.person(email=f"{name}@example.com") for name in ("slow", "one", "two", "three")]
    await notifications.deliver(*[notifications.envelope(filed(person)) for person in people])
    async with _running(notifications):

        async def others_delivered() -> bool:
            return len(await notifications.messages(state="delivered")) == 3

        await _until(others_delivered)
        assert len(await notifications.messages(state="sending")) == 1


async def test_at_stop_what_is_under_way_is_finished(notifications: Notifications, post: SmtpServer) -> None:
    begun, slow = asyncio.Event(), asyncio.Event()

    class Slow:
        def __init__(self) -> None:
            self.available = notifications.channels.available

        def place(self, _channel: object) -> asyncio.Semaphore:
            return asyncio.Semaphore(1)

        async def send(self, tenant: str, go: object) -> object:
            begun.set()
            await slow.wait()
            return await notifications.channels.send(tenant, go)  # type: ignore[arg-type]

    sender = notifications.sender()
    sender._channels = Slow()  # type: ignore[assignment]
    line = notifications.another_sender()
    line._worker = sender
    await notifications.hear(filed(notifications.person(email="a@example.com")))
    task = asyncio.create_task(line.run())
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0.1)
    assert not task.done()
    slow.set()
    with suppress(asyncio.CancelledError):
        await task
    assert (await notifications.message()).state == "delivered"
    assert len(post.office.mails) == 1


async def test_a_lost_connection_is_noticed(notifications: Notifications) -> None:
    async with Wake(notifications.database, "anything") as wake:
        asyncio.get_running_loop().call_later(0.1, wake._connection.terminate)
        with pytest.raises(WakeLost):
            await wake.wait(10)


async def test_no_more_is_under_way_than_the_capacity_allows(
    notifications: Notifications, frozen_clock: FrozenClock
) -> None:
    left, under_way, most = 50, 0, 0
    database: Database = notifications.database

    async def claim(room: int) -> list[int]:
        nonlocal left
        taken = min(room, left)
        left -= taken
        return list(range(taken))

    async def work(things: object) -> bool:
        nonlocal under_way, most
        under_way += len(things)  # type: ignore[arg-type]
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= len(things)  # type: ignore[arg-type]
        return False

    async def nothing_due() -> None:
        return None

    task = asyncio.create_task(
        work_off(
            Wake(database, "anything"),
            claim=claim,
            work=work,
            next_due=nothing_due,
            clock=frozen_clock,
            capacity=10,
            batch=4,
            drain=timedelta(seconds=1),
        )
    )

    async def all_done() -> bool:
        return left == 0 and under_way == 0

    await _until(all_done)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert most <= 10


async def test_a_community_does_not_wait_for_the_provider_of_another(notifications: Notifications) -> None:
    done: list[str] = []
    hanging = asyncio.Event()

    class Stuck:
        async def claim(self, tenant: str, most: int) -> list[str]:
            return [tenant] if tenant not in taken else []

        async def work(self, tenant: str, claims: object) -> bool:
            taken.add(tenant)
            if len(taken) == 1:
                await hanging.wait()
            done.append(tenant)
            return False

    taken: set[str] = set()
    line = notifications.another_sender()
    line._worker = Stuck()  # type: ignore[assignment]
    working = asyncio.create_task(line.all_due())
    async with asyncio.timeout(10):
        while not done:  # noqa: ASYNC110 (nothing tells)
            await asyncio.sleep(0.01)
    hanging.set()
    assert await working == 2
    assert len(done) == 2
