"""`python -m python.producer`: passes a notice of holidays on to communities, as `holiday.changed` on `district.events`.

Each notice has, for each community, an id of its own: it is the aggregate, and its events are numbered from 1 without
gaps. A correction is the next event of the same id. The numbers are kept in a database of our own (an outbox): an event is
written there first, then sent, then marked; what was not marked is sent again at the next start, with the same id and
number, and dropped by whoever has it.
"""

import argparse
import asyncio
import json
import sqlite3
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from longxi_district.access import Access, access_of, add_arguments

TOPIC, TYPE = "district.events", "holiday.changed"
_NAMES = uuid.UUID("6f0a2a53-6f0c-5a1f-9a5d-0d2f6f6e9c11")
_TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT NOT NULL, sequence INTEGER NOT NULL, headers TEXT NOT NULL,
    value TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0, UNIQUE (subject, sequence)
)"""


def notice_of(name: str, community: str) -> str:
    """The id of a notice for one community: the same whenever it is asked for."""
    return str(uuid.uuid5(_NAMES, f"{name}/{community}"))


def record_events(outbox: sqlite3.Connection, communities: list[str], notice: Mapping[str, Any]) -> None:
    """One event for each community, in one transaction."""
    with outbox:
        for community in communities:
            subject = notice_of(notice["name"], community)
            ((last,),) = outbox.execute(
                "SELECT coalesce(max(sequence), 0) FROM outbox WHERE subject = ?", (subject,)
            )
            value = {"notice": subject, **{name: notice[name] for name in ("year", "holidays", "workdays")}}
            outbox.execute(
                "INSERT INTO outbox (subject, sequence, headers, value) VALUES (?, ?, ?, ?)",
                (subject, last + 1, json.dumps(_headers(subject, community, last + 1)), json.dumps(value)),
            )


def _headers(subject: str, community: str, sequence: int) -> dict[str, str]:
    id = str(uuid.uuid4())
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": id,
        "ce_source": "urn:example:district",
        "ce_type": TYPE,
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_subject": subject,
        "ce_dataschema": f"urn:longxi:event:{TYPE}:v1",
        "ce_tenant": community,
        "ce_sequence": str(sequence),
        "ce_correlation": id,
    }


async def send(outbox: sqlite3.Connection, access: Access, topic: str) -> int:
    """Send what is not marked yet, in order. Gives how many."""
    producer = AIOKafkaProducer(**access.clients(), acks="all", enable_idempotence=True)
    sent = 0
    try:
        await producer.start()
        for place, subject, headers, value in list(_unsent(outbox)):
            pairs = [(name, text.encode()) for name, text in json.loads(headers).items()]
            # The key is the subject, so that its events stay in order.
            await producer.send_and_wait(topic, value.encode(), key=subject.encode(), headers=pairs)
            with outbox:
                outbox.execute("UPDATE outbox SET sent = 1 WHERE place = ?", (place,))
            sent += 1
    finally:
        await producer.stop()
    return sent


def _unsent(outbox: sqlite3.Connection) -> Iterator[tuple[int, str, str, str]]:
    yield from outbox.execute(
        "SELECT place, subject, headers, value FROM outbox WHERE sent = 0 ORDER BY place"
    )


def _notice(path: Path) -> Mapping[str, Any]:
    """Raises ValueError for what is no notice."""
    content = json.loads(path.read_text(encoding="utf-8"))
    year, holidays, workdays = content["year"], content["holidays"], content["workdays"]
    for day in [*holidays, *workdays]:
        date.fromisoformat(day)
    if not isinstance(year, int) or set(holidays) & set(workdays):
        raise ValueError("a day is both free and worked, or the year is no number")
    return {"name": content["name"], "year": year, "holidays": holidays, "workdays": workdays}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m python.producer", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--topic", default=TOPIC)
    parser.add_argument("--outbox", default="district-outbox.db", help="SQLite (default: %(default)s)")
    parser.add_argument("--communities", required=True, help="their ids with commas, as in longxi,yuhu")
    parser.add_argument(
        "--notice",
        type=Path,
        help="a JSON file: name, year, holidays, workdays; without it only what was not sent is sent",
    )
    arguments = parser.parse_args()
    access = access_of(parser, arguments)
    try:
        with closing(sqlite3.connect(arguments.outbox)) as outbox:
            outbox.execute(_TABLES)
            if arguments.notice is not None:
                record_events(outbox, arguments.communities.split(","), _notice(arguments.notice))
            sent = asyncio.run(send(outbox, access, arguments.topic))
    except (KafkaError, OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    sys.stdout.write(f"{sent} events sent\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
