"""What a platform left behind: every record of its log, every row of its tables, and what must not be found in them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from jsonschema import Draft202012Validator

from shared.contracts.catalogue import BY_TYPE, TOPICS
from shared.messaging.envelope import Envelope
from shared.messaging.records import Record
from shared.observing import metrics
from tests.support.platform import Platform

_SCHEMAS = Path(__file__).parents[2] / "docs" / "events" / "schemas"
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version' ORDER BY 1
"""
Rows = Mapping[str, Sequence[str]]
"""By `service.table`, each row in words, in an order of its own."""

BOOKKEEPING = frozenset(
    {
        "outbox_replay",
        "outbox_replay_start",
        "job_lease",
        "idempotency_key",
        "inbox_stream",
        "personal_read",
        "worker_read",
    }
)
"""Tables that say what was asked for, not what is so."""


async def records(platform: Platform) -> list[Record]:
    """Everything that was published, in order within each partition."""
    log = platform.log()
    await log.start()
    try:
        group = f"evidence-{uuid4()}"
        left = sum((await log.lag(group, TOPICS)).values())
        found: list[Record] = []
        async with log.reader(group, TOPICS) as reader:
            while len(found) < left:
                found += await reader.read(5000)
        return found
    finally:
        await log.stop()


async def events(platform: Platform) -> list[tuple[str, Envelope]]:
    """Topic and envelope of every record, replayed ones included."""
    return [(record.topic, Envelope.from_record(record)) for record in await records(platform)]


async def tables(platform: Platform) -> Rows:
    """Every row of every service, whosever it is."""
    found: dict[str, Sequence[str]] = {}
    for name, running in platform.running.items():
        for row in await running.admin.fetch(_TABLES):
            table = row["table_name"]
            found[f"{name}.{table}"] = await _rows(running.admin, table)
    return found


async def _rows(admin: asyncpg.Connection, table: str) -> list[str]:
    rows = await admin.fetch(f'SELECT * FROM "{table}"')  # noqa: S608 - a name from the catalogue
    return sorted(repr({key: _plain(value) for key, value in row.items()}) for row in rows)


def _plain(value: Any) -> Any:
    """Bytes as the text that is in them, so that words in clear are seen."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def said(rows: Rows, *, without: Iterable[str] = BOOKKEEPING) -> Rows:
    """The tables that say what is so."""
    left_out = frozenset(without)
    return {name: lines for name, lines in rows.items() if name.split(".")[1] not in left_out}


def contradictions(published: Sequence[tuple[str, Envelope]]) -> Iterator[str]:
    """Events that are not as their contract says, and streams with a gap or out of order."""
    streams: dict[tuple[str, UUID], list[int]] = defaultdict(list)
    for topic, envelope in published:
        streams[topic, envelope.subject].append(envelope.sequence)
        contract = BY_TYPE.get(envelope.type)
        if contract is None or topic != contract.topic():
            yield f"{envelope.type} in {topic} has no contract"
            continue
        for error in _validator(envelope.dataschema).iter_errors(json.loads(envelope.data)):
            yield f"{envelope.type}: {error.message}"
        if contract.model_validate_json(envelope.data).subject() != envelope.subject:
            yield f"{envelope.type} is about another subject than its data"
    for (topic, subject), numbers in streams.items():
        first_seen = list(dict.fromkeys(numbers))
        if first_seen != list(range(1, len(first_seen) + 1)):
            yield f"{topic} {subject}: sequences {first_seen}"


@cache
def _validator(dataschema: str) -> Draft202012Validator:
    _, _, _, type, version = dataschema.split(":")
    return Draft202012Validator(json.loads((_SCHEMAS / f"{type}.{version}.json").read_text(encoding="utf-8")))


def private_in_records(private: Iterable[str], found: Sequence[Record]) -> Iterator[str]:
    whole = [(record.topic, _text(record)) for record in found]
    for word in private:
        for topic, text in whole:
            if word in text:
                yield f"{word!r} in an event of {topic}"


def private_in_tables(private: Iterable[str], rows: Rows) -> Iterator[str]:
    for name, lines in rows.items():
        text = "\n".join(lines)
        yield from (f"{word!r} in {name}" for word in private if word in text)


def private_in_metrics(private: Iterable[str]) -> Iterator[str]:
    text = metrics.exposition()[0].decode()
    yield from (f"{word!r} in the metrics" for word in private if word in text)


def _text(record: Record) -> str:
    """With JSON's escapes undone, which would hide Chinese words."""
    value = record.value.decode("utf-8", "replace")
    headers = " ".join(content.decode("utf-8", "replace") for _, content in record.headers)
    return f"{value} {json.dumps(json.loads(value), ensure_ascii=False)} {headers}"
