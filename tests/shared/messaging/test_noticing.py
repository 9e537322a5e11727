"""The kernel asks every connection to the database from time to time whether anybody is there."""

import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from shared.database import Database
from shared.database.provision import Access
from tests.support.messaging import TENANT

_KEEPALIVE = 2
"""The timer of a silent connection that is asked (proc_pid_net(5), `tr`)."""


def asked_within() -> dict[str, float | None]:
    """By the number of each TCP socket of this process: seconds until it is asked; None where nobody asks."""
    own = {os.readlink(path) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()}
    found: dict[str, float | None] = {}
    for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]:
        words = line.split()
        if f"socket:[{words[9]}]" in own:
            timer, left = (int(part, 16) for part in words[5].split(":"))
            found[words[9]] = left / os.sysconf("SC_CLK_TCK") if timer == _KEEPALIVE else None
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a socket's timers")
async def test_every_kind_of_connection_is_asked(messaging_access: Access) -> None:
    """That of transactions, that of single statements, and one that only listens."""
    before = asked_within()
    database = Database(messaging_access.url)
    await database.start()
    async with database.transaction(TENANT) as session:
        await session.execute(text("SELECT 1"))
    await database.statement("SELECT 1")
    listening = await database.connect()
    made = {socket: left for socket, left in asked_within().items() if socket not in before}
    await listening.close()
    await database.stop()
    assert len(made) == 3
    for left in made.values():
        assert left is not None
        assert left <= 10
