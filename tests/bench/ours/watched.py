"""An event log that tells a report what went through it."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from shared.messaging.log import EventLog, Reader
from shared.messaging.records import Record
from tests.bench.child import Report


class Watched:
    """The given log. With `publishing` what is published is noted, else what is read and done."""

    def __init__(self, log: EventLog, report: Report, *, publishing: bool) -> None:
        self._log, self._report, self._publishing = log, report, publishing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def publish(self, records: Sequence[Record]) -> None:
        await self._log.publish(records)
        if self._publishing:
            self._report.note(records)

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        return _Reader(self._log.reader(group, topics), self._report)


class _Reader:
    """The inbox reads on, or commits the log's offsets, right after its own transaction: that is when the effect is there."""

    def __init__(self, reader: Reader, report: Report) -> None:
        self._reader, self._report = reader, report
        self._read: list[Record] = []

    async def __aenter__(self) -> Self:
        await self._reader.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.__aexit__(kind, error, trace)

    async def read(self, max_records: int = 500, timeout: float = 1.0) -> Sequence[Record]:  # noqa: ASYNC109
        self._note()
        records = await self._reader.read(max_records, timeout)
        if records:
            self._report.begin()
            self._read += records
        return records

    async def commit(self) -> None:
        self._note()
        await self._reader.commit()

    def _note(self) -> None:
        if self._read:
            self._report.note(self._read)
            self._read = []
