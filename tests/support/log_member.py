"""A member of a group in a process of its own, to be killed or stopped: `python -m tests.support.log_member`.

Reads one batch and says how many; then waits for a line, commits, and says how that went.
"""

import asyncio
import sys
from dataclasses import dataclass

from shared.messaging.log import Fenced, open_log
from shared.messaging.records import Record
from tests.support.event_logs import OPTIONS


@dataclass(frozen=True)
class _Settings:
    kafka_bootstrap_servers: str | None
    local_log_url: str | None


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


async def _be_a_member(kind: str, address: str, group: str, topic: str) -> None:
    settings = _Settings(address if kind == "kafka" else None, address if kind == "local" else None)
    log = open_log(settings, OPTIONS)
    await log.start()
    async with log.reader(group, [topic]) as reader:
        records: list[Record] = []
        while not records:
            records = list(await reader.read())
        _say(f"read {len(records)}")
        await asyncio.to_thread(sys.stdin.readline)
        try:
            await reader.commit()
        except Fenced:
            _say("fenced")
        else:
            _say("committed")
    await log.stop()


if __name__ == "__main__":
    asyncio.run(_be_a_member(*sys.argv[1:]))
