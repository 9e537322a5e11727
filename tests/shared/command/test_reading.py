"""A file of requests is read as people make them: in two encodings, with a header in any order, and with mistakes."""

from pathlib import Path

import pytest

from shared.command.importing.reading import BadRow, Row, UnreadableFile, encoding_of, read

HEADER = "message_id,resident_ref,submitted_at,subject,body\n"
GOOD = "M1,U1,2025-03-04 09:00:00,路灯不亮,三天了\n"


def _file(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "messages.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8-sig"),  # with or without a mark, it is read the same
        ("utf-8-sig", "utf-8-sig"),  # as spreadsheets save it
        ("gb18030", "gb18030"),  # as older offices do
    ],
)
def test_the_same_rows_whatever_the_encoding(encoding: str, found: str, tmp_path: Path) -> None:
    path = _file(tmp_path, HEADER + GOOD, encoding)
    assert encoding_of(path) == found
    (row,) = read(path)
    assert isinstance(row, Row)
    assert (row.line, row.external_id) == (2, "M1")
    assert row.request == {
        "external_id": "M1",
        "resident_ref": "U1",
        "submitted_at": "2025-03-04T09:00:00+08:00",
        "subject": "路灯不亮",
        "body": "三天了",
    }


def test_columns_go_by_name_and_others_are_ignored(tmp_path: Path) -> None:
    text = "body,extra,subject,submitted_at,resident_ref,message_id\n三天了,x,路灯不亮,2025/3/4 9:00,U1,M1\n"
    (row,) = read(_file(tmp_path, text))
    assert isinstance(row, Row)
    assert row.request["submitted_at"] == "2025-03-04T09:00:00+08:00"
    assert row.request["body"] == "三天了"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("message_id,subject,body\n" + GOOD, "resident_ref, submitted_at"),  # what is missing is named
        ("", "message_id"),  # nothing in it
        (b"\xff\xfe\x00\x80" * 8, "neither UTF-8 nor GB18030"),  # a picture, say
    ],
)
def test_a_file_that_will_not_do_is_refused_before_its_first_row(
    content: str | bytes, says: str, tmp_path: Path
) -> None:
    with pytest.raises(UnreadableFile, match=says):
        next(iter(read(_file(tmp_path, content))))


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        next(iter(read(tmp_path / "none.csv")))


def test_bad_rows_are_named_by_line_and_reason_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = HEADER + (
        'M1,U1,2025-03-04 09:00:00,路灯不亮,"第一行\n第二行"\n'  # two lines of the file
        ",U2,2025-03-04 09:00:00,没有编号,x\n"
        "M3,U3,yesterday,时间不对,x\n"
        "M4,U4,2025-03-04 09:00:00,少一格\n"
        "\n"
        "M5,U5,2025-03-04,只有日期,x\n"
    )
    rows = list(read(_file(tmp_path, text)))
    assert [(row.line, row.external_id) for row in rows if isinstance(row, Row)] == [(2, "M1"), (8, "M5")]
    assert [row for row in rows if isinstance(row, BadRow)] == [
        BadRow(4, "", "message_id", "is empty"),
        BadRow(5, "M3", "submitted_at", "is not a date and time"),
        BadRow(6, "M4", "row", "4 cells where the header has 5"),
    ]
