"""Consumers that are wrong on purpose, each in one way: `python wrong_consumer.py WAY SERVERS TOPIC GROUP FILE`.

`repeats` does not drop what comes twice. `passes-gaps` goes on behind a missing number. `chokes` ends at a record that is no
event. Run in the kit's folder, whose reading of events they use.
"""

import asyncio
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path.cwd()))

from aiokafka import AIOKafkaConsumer
from longxi_district.events import Event, Unreadable, read


class Wrong:
    """Keeps what it has in memory, and lists it in a file."""

    def __init__(self, way: str, out: TextIO) -> None:
        self._way = way
        self._out = out
        self._last: dict[str, int] = defaultdict(int)
        self._waiting: dict[str, dict[int, Event]] = defaultdict(dict)

    def take(self, event: Event) -> None:
        subject, known = event.subject, self._last[event.subject]
        if event.replay_for is not None:
            return
        if event.sequence <= known:
            if self._way == "repeats":
                self._apply(event)
        elif event.sequence == known + 1 or self._way == "passes-gaps":
            self._apply(event)
            while (following := self._last[subject] + 1) in self._waiting[subject]:
                self._apply(self._waiting[subject].pop(following))
        else:
            self._waiting[subject][event.sequence] = event
            self._say({"missing": {"subject": subject, "from": known + 1, "to": event.sequence - 1}})

    def _apply(self, event: Event) -> None:
        self._last[event.subject] = max(self._last[event.subject], event.sequence)
        self._say({"id": event.id, "subject": event.subject, "sequence": event.sequence})

    def _say(self, line: object) -> None:
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()


async def main(way: str, servers: str, topic: str, group: str, out: TextIO) -> None:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=servers, group_id=group, auto_offset_reset="earliest"
    )
    await consumer.start()
    wrong = Wrong(way, out)
    async for record in consumer:
        try:
            wrong.take(read(record))
        except Unreadable:
            if way == "chokes":
                return


if __name__ == "__main__":
    with Path(sys.argv[5]).open("a") as out:
        asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], out))
