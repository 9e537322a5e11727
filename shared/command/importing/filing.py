"""Filing the rows of a file: in batches, several at a time, holding back when the service asks for it."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import orjson

from shared.command.connection import ServiceClient
from shared.command.importing.reading import BadRow, Row

MAX_ROWS = 100
# The service takes bodies of up to 1 MiB.
MAX_BYTES = 700_000


@dataclass(slots=True)
class Report:
    """What became of the rows, as the service answered."""

    rows: int = 0
    filed: int = 0
    already: int = 0
    refused: list[BadRow] = field(default_factory=list)
    external_ids: list[str] = field(default_factory=list)
    """Of the rows that the service says it has."""


async def file_rows(
    client: ServiceClient,
    rows: Iterable[Row | BadRow],
    *,
    source: str,
    history: bool,
    concurrency: int,
    progress: Callable[[Report], None],
) -> Report:
    """File all rows; at most `concurrency` batches are on their way, so that memory and the service stay calm.

    Raises Refused or CannotConnect where a whole batch could not be filed; running it again files what is missing.
    """
    report = Report()
    lock = asyncio.Semaphore(concurrency)

    async def file(batch: Sequence[Row]) -> None:
        try:
            _note(report, batch, await _send(client, batch, source, history))
            progress(report)
        finally:
            lock.release()

    async with asyncio.TaskGroup() as tasks:
        for batch in _batches(rows, report):
            await lock.acquire()
            tasks.create_task(file(batch))
    return report


async def _send(
    client: ServiceClient, batch: Sequence[Row], source: str, history: bool
) -> Sequence[dict[str, str]]:
    body = {"source": source, "history": history, "requests": [row.request for row in batch]}
    # The key is of this sending alone: whoever runs the file again shall hear `already`, not the first run's answer.
    results: Sequence[dict[str, str]] = (await client.post("/v1/requests/bulk", body))["results"]
    return results


def _note(report: Report, batch: Sequence[Row], results: Sequence[dict[str, str]]) -> None:
    for row, result in zip(batch, results, strict=True):
        if result["result"] == "refused":
            reason = result.get("detail") or result.get("reason") or "refused"
            column = (result.get("field") or "row").lstrip("/")
            report.refused.append(BadRow(row.line, row.external_id, _COLUMN.get(column, column), reason))
            continue
        report.external_ids.append(row.external_id)
        if result["result"] == "filed":
            report.filed += 1
        else:
            report.already += 1


_COLUMN = {"external_id": "message_id"}


def _batches(rows: Iterable[Row | BadRow], report: Report) -> Iterator[Sequence[Row]]:
    """Rows in groups that the service takes; bad rows go to the report at once."""
    batch: list[Row] = []
    size = 0
    for row in rows:
        report.rows += 1
        if isinstance(row, BadRow):
            report.refused.append(row)
            continue
        length = len(orjson.dumps(row.request))
        if batch and (len(batch) == MAX_ROWS or size + length > MAX_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch


def parts(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    """The ids in lists of at most `size`."""
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part
