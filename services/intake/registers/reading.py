"""Reading a file of a register: CSV in UTF-8 or GB18030, or the first sheet of an XLSX workbook.

A file comes from outside: nothing in it is followed (no formula, no link), and it may not unpack to more than it should.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from services.intake.registers.rules import UnreadableRegister

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
_ENCODINGS = ("utf-8-sig", "gb18030")
_UNPACKED = 64 * 2**20
"""Bytes that a workbook of at most one megabyte may unpack to: sheets compress to a tenth, not to a hundredth."""


def rows_of(content: bytes, media_type: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Line and cells of every row that is not empty, the header first. Raises UnreadableRegister."""
    if media_type == XLSX:
        yield from _workbook(content)
    else:
        yield from _csv(content)


def _csv(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _unreadable("编码须为 UTF-8 或 GB18030。", "It is neither UTF-8 nor GB18030.")
    rows = csv.reader(io.StringIO(text, newline=""))
    line = 1
    try:
        for cells in rows:
            if any(cell.strip() for cell in cells):
                yield line, cells
            line = rows.line_num + 1
    except csv.Error:
        raise _unreadable("不是有效的 CSV 文件。", "It is no CSV file.") from None


def _workbook(content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    # Loaded where it is needed: most processes never see a workbook.
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _UNPACKED:
                raise _unreadable("工作簿解压后过大。", "The workbook unpacks to too much.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            for line, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1):
                texts = [_text(cell) for cell in cells]
                if any(text.strip() for text in texts):
                    yield line, texts
        finally:
            book.close()
    except UnreadableRegister:
        raise
    except Exception:
        # Whatever a broken workbook makes the reader raise: its message would quote what is in it.
        raise _unreadable("不是有效的 XLSX 文件。", "It is no XLSX file.") from None


def _text(cell: object) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
    return str(cell)


def _unreadable(zh: str, en: str) -> UnreadableRegister:
    return UnreadableRegister(field="body", reason_zh=zh, reason_en=en)
