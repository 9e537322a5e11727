"""Rows of a community's register: columns, normal forms, what is refused, what would change."""

import io
from datetime import date

import pytest

from services.intake.households.actions.many import Wanted, arranged
from services.intake.registers.reading import CSV, XLSX, rows_of
from services.intake.registers.rules import (
    Entry,
    Known,
    RowRefused,
    UnreadableRegister,
    changes,
    columns_of,
    entry_of,
    fits,
)
from shared.contracts.vocabulary import codes
from shared.database import new_id
from tests.support.identities import number_of

TODAY = date(2026, 11, 28)
NUMBER = number_of(date(1958, 3, 4), 2)
HEADER = ["序号", "姓名*", "身份证号", "联系电话", "家庭住址", "性别", "户号", "与户主关系"]


def test_columns_go_by_their_chinese_and_english_names() -> None:
    assert columns_of(HEADER) == {
        1: "name",
        2: "id_number",
        3: "phone",
        4: "address",
        5: "gender",
        6: "household",
        7: "relation",
    }
    assert columns_of(["Name", "Phone", "ID number"]) == {0: "name", 1: "phone", 2: "id_number"}
    with pytest.raises(UnreadableRegister):
        columns_of(["姓名", "住址"])


def test_a_row_in_normal_forms() -> None:
    cells = {
        "name": " 张三 ",
        "id_number": NUMBER.lower(),
        "phone": "199-0000-1234",
        "gender": "女",
        "birth_date": "1958年3月4日",
        "household": "Ａ-001",
        "relation": "妻",
        "address": "",
    }
    assert entry_of(cells, TODAY) == Entry(
        "张三", NUMBER, "19900001234", None, "female", date(1958, 3, 4), "A-001", "spouse"
    )


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"name": ""}, ("name", "missing")),
        ({"id_number": "", "phone": ""}, ("id_number", "missing")),
        ({"id_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, ("id_number", "wrong_id_number")),
        ({"phone": "call me"}, ("phone", "wrong_phone")),
        ({"gender": "未知"}, ("gender", "wrong_gender")),
        ({"gender": "男"}, ("gender", "disagrees")),
        ({"birth_date": "1958-03-05"}, ("birth_date", "disagrees")),
        ({"birth_date": "1958-13-05"}, ("birth_date", "wrong_birth_date")),
        ({"relation": "邻居"}, ("relation", "unknown_relation")),
        ({"relation": "妻", "household": ""}, ("household", "household_missing")),
        ({"address": "长" * 201}, ("address", "too_long")),
    ],
)
def test_what_is_wrong_is_named_and_never_repeated(changed: dict[str, str], problem: tuple[str, str]) -> None:
    cells = {"name": "张三", "id_number": NUMBER, "phone": "19900001234", "household": "1", **changed}
    with pytest.raises(RowRefused) as refused:
        entry_of(cells, TODAY)
    assert [(one.field, one.code) for one in refused.value.problems] == [problem]
    assert problem[1] in codes("register_problem")
    assert "张三" not in str(refused.value)


def test_only_what_the_row_says_can_change() -> None:
    known = Known("张三", NUMBER, "19900001234", "龙溪花园3栋", "female", date(1958, 3, 4))
    assert changes(Entry("张三", NUMBER), known) == ()
    assert changes(Entry("张三", NUMBER, "19900005678", "龙溪花园4栋"), known) == ("phone", "address")
    assert changes(Entry("张三", NUMBER, household="1", relation="child"), known) == ("household", "relation")


def test_the_same_telephone_is_the_same_person_only_with_the_same_name() -> None:
    entry = Entry("张三", None, "19900001234")
    assert fits(entry, Known("张三", NUMBER))
    assert not fits(entry, Known("李四"))
    assert not fits(Entry("张三", NUMBER, "19900001234"), Known("张三", number_of(date(1990, 1, 1), 4)))


def test_a_household_of_a_register_begins_with_its_head() -> None:
    father, mother, son = new_id(), new_id(), new_id()
    rows = [Wanted(son, "child", None), Wanted(father, "head", None), Wanted(mother, "spouse", None)]
    assert arranged({}, rows) == {father: "head", son: "child", mother: "spouse"}
    assert arranged({}, rows[:1]) == {son: "head"}
    assert arranged({son: "head"}, rows[1:]) == {son: "other_relative", father: "head", mother: "spouse"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_is_read_line_by_line(encoding: str) -> None:
    content = '姓名,电话\n\n张三,"199\n0000"\n李四,1\n'.encode(encoding)
    assert list(rows_of(content, CSV)) == [
        (1, ["姓名", "电话"]),
        (3, ["张三", "199\n0000"]),
        (5, ["李四", "1"]),
    ]


def test_a_workbook_s_first_sheet_is_read() -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    book = Workbook()
    book.active.append(["姓名", "电话", "出生日期"])
    book.active.append([])
    book.active.append(["张三", 19900001234, date(1958, 3, 4)])
    out = io.BytesIO()
    book.save(out)
    assert list(rows_of(out.getvalue(), XLSX)) == [
        (1, ["姓名", "电话", "出生日期"]),
        (3, ["张三", "19900001234", "1958-03-04"]),
    ]


@pytest.mark.parametrize("content", [b"", b"not a workbook", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableRegister):
        list(rows_of(content, XLSX))
