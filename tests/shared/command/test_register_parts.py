"""A register is sent in parts, each with the header, and every row keeps the number of its line."""

import csv
import io
from pathlib import Path

import pytest

from shared.command.importing.reading import UnreadableFile
from shared.command.importing.registers import CSV, MAX_BYTES, XLSX, parts_of


def test_every_row_is_in_one_part_under_its_line(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    rows = [f'居民{number},"龙溪花园\n{number}栋"' for number in range(9)]
    file.write_text("姓名,住址\n" + "\n".join(rows) + "\n", encoding="gb18030")
    seen: dict[int, str] = {}
    for media, first_line, content in parts_of(file, 120):
        assert media == CSV
        assert len(content) <= 120
        lines = csv.reader(io.StringIO(content.decode(), newline=""))
        assert next(lines) == ["姓名", "住址"]
        line = lines.line_num + 1
        for cells in lines:
            seen[line + first_line - 1] = cells[0]
            line = lines.line_num + 1
    assert seen == {2 + 2 * number: f"居民{number}" for number in range(9)}


def test_a_workbook_is_sent_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "register.xlsx"
    file.write_bytes(b"PK")
    assert list(parts_of(file)) == [(XLSX, 1, b"PK")]
    file.write_bytes(b"0" * (MAX_BYTES + 1))
    with pytest.raises(UnreadableFile):
        list(parts_of(file))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "register.csv"
    file.write_text("")
    with pytest.raises(UnreadableFile):
        list(parts_of(file))
