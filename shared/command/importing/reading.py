"""Reading a file of requests: CSV with a header, in UTF-8 (with or without BOM) or GB18030."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

COLUMNS = ("message_id", "resident_ref", "submitted_at", "subject", "body")
_LOCAL = ZoneInfo("Asia/Shanghai")
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
)
_ENCODINGS = ("utf-8-sig", "gb18030")
_CHUNK = 1 << 20

# A body may be long; how long is for the service to say.
csv.field_size_limit(64 << 20)


class UnreadableFile(Exception):
    """The file as a whole cannot be read. The message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request to file. `line` is the line in the file where it begins, counted from 1."""

    line: int
    external_id: str
    request: Mapping[str, Any]
    """As the bulk API takes it."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be a request."""

    line: int
    external_id: str
    field: str
    reason: str


def read(path: Path) -> Iterator[Row | BadRow]:
    """Every row of the file, in order. Raises UnreadableFile before the first where the file will not do."""
    try:
        encoding = encoding_of(path)
    except OSError as fault:
        raise UnreadableFile(f"{path}: {fault.strerror}") from None
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise UnreadableFile(f"{path}: the header lacks {', '.join(missing)}")
        line = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield _row(line, dict(zip(header, cells, strict=False)), len(cells), len(header))
            line = rows.line_num + 1


def encoding_of(path: Path) -> str:
    """The first of UTF-8 and GB18030 in which the whole file makes sense. Raises UnreadableFile."""
    for encoding in _ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise UnreadableFile(f"{path}: neither UTF-8 nor GB18030")


def _row(line: int, cells: Mapping[str, str], found: int, expected: int) -> Row | BadRow:
    external_id = cells.get("message_id", "").strip()
    if found != expected:
        return BadRow(line, external_id, "row", f"{found} cells where the header has {expected}")
    if not external_id:
        return BadRow(line, external_id, "message_id", "is empty")
    submitted_at = _time(cells["submitted_at"].strip())
    if submitted_at is None:
        return BadRow(line, external_id, "submitted_at", "is not a date and time")
    return Row(
        line,
        external_id,
        {
            "external_id": external_id,
            "resident_ref": cells["resident_ref"].strip(),
            "submitted_at": submitted_at.isoformat(),
            "subject": cells["subject"].strip(),
            "body": cells["body"].strip(),
        },
    )


def _time(text: str) -> datetime | None:
    """A time as people write it, in Shanghai where it names no zone."""
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=_LOCAL)
        except ValueError:
            continue
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=_LOCAL)
