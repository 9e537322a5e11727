"""Reading files of messages to be classified or to learn from: CSV with a header, in UTF-8 or GB18030."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.command.importing.reading import UnreadableFile, encoding_of
from shared.contracts.vocabulary import codes
from shared.understanding.training import Labelled, Message


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    message_id: str
    message: Message
    category: str | None
    """As the file has it, where it has that column."""


def messages(path: Path) -> Iterator[Row]:
    """Rows with `subject` or `body`; `message_id` is the line's number where there is none.

    Raises UnreadableFile before the first row where the file will not do.
    """
    try:
        encoding = encoding_of(path)
        file = path.open(encoding=encoding, newline="")
    except OSError as fault:
        raise UnreadableFile(f"{path}: {fault.strerror}") from None
    with file:
        rows = csv.reader(file)
        header = [name.strip() for name in next(rows, [])]
        if not {"subject", "body"} & set(header):
            raise UnreadableFile(f"{path}: the header lacks subject and body")
        line = rows.line_num + 1
        for cells in rows:
            if any(cell.strip() for cell in cells):
                values = dict(zip(header, cells, strict=False))
                yield Row(
                    line,
                    values.get("message_id", "").strip() or str(line),
                    Message(values.get("subject", "").strip(), values.get("body", "").strip()),
                    values.get("category", "").strip() or None,
                )
            line = rows.line_num + 1


def labelled(path: Path) -> Sequence[Labelled]:
    """Rows with a `category`: a first-level name or a code. Raises UnreadableFile that names the line at fault."""
    by_name = {zh: code for code, (zh, _) in codes("category").items() if len(code) == 2}
    found = []
    for row in messages(path):
        if row.category is None:
            raise UnreadableFile(f"{path}:{row.line}: category is empty")
        code = by_name.get(row.category) or (row.category if row.category in codes("category") else None)
        if code is None:
            raise UnreadableFile(f"{path}:{row.line}: category is no category of the taxonomy")
        found.append(Labelled(row.message, code[:2]))
    if not found:
        raise UnreadableFile(f"{path}: no rows")
    return found
