"""What became of a message is recorded, though the database is away when its provider answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from services.notifications.sending.planning import Taken
from services.notifications.sending.sender import Pace, Sender
from shared.database import Database
from shared.testing.smtp_server import SmtpServer
from tests.faults.proxy import Link
from tests.services.notifications.conftest import Notifications
from tests.services.notifications.samples import filed

MAIL = "zhang.san@example.com"


@pytest.fixture
async def link(notifications: Notifications) -> AsyncIterator[Link]:
    """A way to the database that can be cut."""
    url = make_url(notifications.database.url)
    assert url.host is not None
    assert url.port is not None
    async with Link("postgres", 0, (url.host, url.port)) as link:
        yield link


@pytest.fixture
async def far(notifications: Notifications, link: Link) -> AsyncIterator[Database]:
    url = make_url(notifications.database.url).set(host="127.0.0.1", port=link.port)
    database = Database(url.render_as_string(hide_password=False))
    yield database
    await database.stop()


async def test_a_mail_goes_once_though_the_database_was_away_when_it_was_taken(
    notifications: Notifications, post: SmtpServer, link: Link, far: Database
) -> None:
    sender = notifications.sender(far)
    taken = await _begun(notifications, sender)
    link.cut()
    work = asyncio.create_task(sender.work("longxi", taken))
    await _until(lambda: len(post.office.to(MAIL)) == 2)
    tried = link.connections
    await _until(lambda: link.connections > tried)
    link.heal()
    async with asyncio.timeout(20):
        await work
    assert {(row.state, row.attempts) for row in await notifications.messages()} == {("delivered", 1)}
    notifications.later(minutes=3)
    await notifications.send()
    assert len(post.office.to(MAIL)) == 2


async def test_a_database_that_stays_away_is_not_waited_for_beyond_the_lease(
    notifications: Notifications, link: Link, far: Database
) -> None:
    sender = notifications.sender(far, Pace(lease=timedelta(seconds=1), margin=timedelta(0)))
    taken = await _begun(notifications, sender)
    link.cut()
    async with asyncio.timeout(20):
        with pytest.raises((OSError, DBAPIError)):
            await sender.work("longxi", taken)


async def _begun(notifications: Notifications, sender: Sender) -> list[Taken]:
    """A mail whose attempt has begun, since the contact is known from the one before."""
    resident = notifications.person(email=MAIL)
    await notifications.hear(filed(resident))
    await notifications.send()
    await notifications.hear(filed(resident))
    taken = await sender.claim("longxi", 10)
    assert [each.go is not None for each in taken] == [True]
    return taken


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - neither of the two servers says when
            await asyncio.sleep(0.01)
