"""Rows of a community's register: which column is which, what a row may hold, and what it would change. Plain Python."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from services.intake.residents.identity import Identity, agreed, id_number
from services.intake.residents.rules import normal_phone
from shared.refusals import Conflict, InvalidValue, NotFound, Refusal

KEPT_HOURS = 24
"""A dry run's rows are kept so long; then they have to be sent again."""
MOST_ROWS = 20_000
"""Of one run: over twice the residents of most communities."""


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


class State(StrEnum):
    DRY = "dry"
    APPLYING = "applying"
    APPLIED = "applied"
    EXPIRED = "expired"


class RegisterNotFound(NotFound):
    type = "register-not-found"
    zh = "没有这次台账导入。"
    en = "There is no such import of a register."


class RegisterClosed(Conflict):
    """Params: state."""

    type = "register-closed"
    zh = "这次导入已处于“{state}”状态，请重新预演。"
    en = "This import is {state} already: begin a new dry run."


class RegisterTooLarge(InvalidValue):
    type = "register-too-large"


class NotATable(Refusal):
    status = 415
    type = "not-a-table"
    zh = "请上传 CSV（text/csv）或 XLSX 工作簿。"
    en = "Send CSV (text/csv) or an XLSX workbook."


class UnreadableRegister(InvalidValue):
    type = "unreadable-register"


_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("姓名", "居民姓名", "name"),
        "id_number": (
            "身份证号",
            "身份证号码",
            "公民身份号码",
            "身份证",
            "证件号码",
            "id number",
            "id_number",
        ),
        "phone": ("电话", "联系电话", "手机", "手机号", "手机号码", "联系方式", "phone", "telephone"),
        "address": ("住址", "地址", "家庭住址", "现住址", "居住地址", "address"),
        "gender": ("性别", "gender", "sex"),
        "birth_date": ("出生日期", "出生年月日", "生日", "birth date", "birth_date", "date of birth"),
        "household": ("户号", "户编号", "household", "household number", "household_number"),
        "relation": ("与户主关系", "关系", "户主关系", "relation", "relation to head"),
    }
)
_FIELD_OF = {word: field for field, words in _COLUMNS.items() for word in words}
_GENDERS = {
    "男": "male",
    "男性": "male",
    "m": "male",
    "male": "male",
    "女": "female",
    "女性": "female",
    "f": "female",
    "female": "female",
}
_RELATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "head": ("户主", "本人", "本人或户主", "head"),
        "spouse": ("配偶", "妻", "妻子", "夫", "丈夫", "spouse"),
        "child": (
            "子",
            "女",
            "儿子",
            "女儿",
            "子女",
            "长子",
            "次子",
            "三子",
            "长女",
            "次女",
            "三女",
            "独生子",
            "独生女",
            "child",
        ),
        "child_in_law": ("儿媳", "媳", "女婿", "婿", "child_in_law"),
        "parent": ("父", "母", "父亲", "母亲", "父母", "parent"),
        "parent_in_law": ("公公", "婆婆", "岳父", "岳母", "公婆", "parent_in_law"),
        "grandchild": ("孙子", "孙女", "外孙", "外孙子", "外孙女", "孙子女", "grandchild"),
        "grandparent": ("祖父", "祖母", "外祖父", "外祖母", "爷爷", "奶奶", "外公", "外婆", "grandparent"),
        "sibling": ("兄", "弟", "姐", "妹", "哥哥", "弟弟", "姐姐", "妹妹", "兄弟姐妹", "sibling"),
        "other_relative": ("其他亲属", "亲属", "other_relative"),
        "not_related": ("非亲属", "其他", "保姆", "not_related"),
    }
)
"""GB/T 4761-2008 has the words of the household register; these are the ones that stand in communities' tables."""
_RELATION_OF = {word: code for code, words in _RELATIONS.items() for word in words}
_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?(?: 00:00:00)?")
_LONGEST = {"name": 64, "address": 200, "household": 32}


@dataclass(frozen=True, slots=True)
class Problem:
    field: str
    code: str
    """Of the vocabulary `register_problem`; no value is repeated."""


class RowRefused(Exception):
    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__(", ".join(f"{problem.field}: {problem.code}" for problem in problems))


@dataclass(frozen=True, slots=True)
class Entry:
    """What a row says of somebody, in normal forms. None says nothing, and changes nothing."""

    name: str
    id_number: str | None = None
    phone: str | None = None
    address: str | None = None
    gender: str | None = None
    birth_date: date | None = None
    household: str | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record of the resident who fits, for comparison."""

    name: str | None = None
    id_number: str | None = None
    phone: str | None = None
    address: str | None = None
    gender: str | None = None
    birth_date: date | None = None
    in_household: bool = False
    """Of the number that the row gives."""
    relation: str | None = None


def columns_of(header: Sequence[str]) -> Mapping[int, str]:
    """Which cell is which field; columns of other names are passed over. Raises UnreadableRegister without a name column."""
    found: dict[int, str] = {}
    for place, title in enumerate(header):
        plain = unicodedata.normalize("NFKC", title).strip().lower().replace("*", "")
        field = _FIELD_OF.get(plain)
        if field is not None and field not in found.values():
            found[place] = field
    if "name" not in found.values() or not {"id_number", "phone"} & set(found.values()):
        raise UnreadableRegister(
            field="header",
            reason_zh="表头须有“姓名”列，以及“身份证号”或“电话”列。",
            reason_en="The header needs a column 姓名 (name), and 身份证号 (id number) or 电话 (phone).",
        )
    return found


def entry_of(cells: Mapping[str, str], today: date) -> Entry:
    """What the row says. Raises RowRefused with everything that is wrong with it."""
    said = {field: unicodedata.normalize("NFKC", text).strip() for field, text in cells.items()}
    said = {field: text for field, text in said.items() if text}
    problems = [
        Problem(field, "too_long") for field, most in _LONGEST.items() if len(said.get(field, "")) > most
    ]
    if "name" not in said:
        problems.append(Problem("name", "missing"))
    elif any(not character.isprintable() for character in said["name"]):
        problems.append(Problem("name", "wrong_name"))
    if not {"id_number", "phone"} & said.keys():
        problems.append(Problem("id_number", "missing"))
    phone = _phone(said, problems)
    gender = _gender(said, problems)
    birth_date = _birth_date(said, problems)
    relation = _relation(said, problems)
    identity = _identity(said, gender, birth_date, today, problems)
    if problems or identity is None:
        raise RowRefused(*problems)
    return Entry(
        name=said["name"],
        id_number=identity.id_number,
        phone=phone,
        address=said.get("address"),
        gender=identity.gender,
        birth_date=identity.birth_date,
        household=said.get("household"),
        relation=relation if relation is not None or "household" not in said else "other_relative",
    )


def changes(entry: Entry, known: Known) -> tuple[str, ...]:
    """The fields that the row would change. A number that is on record and not in the row stays."""
    fields = [
        field
        for field in ("name", "id_number", "phone", "address", "gender", "birth_date")
        if getattr(entry, field) is not None and getattr(entry, field) != getattr(known, field)
    ]
    if entry.household is not None and not known.in_household:
        fields.append("household")
    if entry.household is not None and entry.relation != known.relation:
        fields.append("relation")
    return tuple(fields)


def fits(entry: Entry, known: Known) -> bool:
    """Whether a resident with the same telephone is the one whom the row means: by name, and no other number."""
    same_number = None in {entry.id_number, known.id_number} or entry.id_number == known.id_number
    return known.name == entry.name and same_number


def merged_identity(entry: Entry, known: Known) -> Identity:
    """Number, gender and date as they are after the row."""
    date_ = entry.birth_date or known.birth_date
    return Identity(entry.id_number or known.id_number, entry.gender or known.gender, date_)


def _phone(said: Mapping[str, str], problems: list[Problem]) -> str | None:
    if "phone" not in said:
        return None
    try:
        return normal_phone(said["phone"])
    except InvalidValue:
        problems.append(Problem("phone", "wrong_phone"))
        return None


def _gender(said: Mapping[str, str], problems: list[Problem]) -> str | None:
    if "gender" not in said:
        return None
    gender = _GENDERS.get(said["gender"].lower())
    if gender is None:
        problems.append(Problem("gender", "wrong_gender"))
    return gender


def _birth_date(said: Mapping[str, str], problems: list[Problem]) -> date | None:
    if "birth_date" not in said:
        return None
    match = _DATE.fullmatch(said["birth_date"])
    try:
        if match is None:
            raise ValueError
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        problems.append(Problem("birth_date", "wrong_birth_date"))
        return None


def _relation(said: Mapping[str, str], problems: list[Problem]) -> str | None:
    if "relation" not in said:
        return None
    relation = _RELATION_OF.get(said["relation"].lower())
    if relation is None:
        problems.append(Problem("relation", "unknown_relation"))
    if "household" not in said and relation not in {None, "head"}:
        problems.append(Problem("household", "household_missing"))
    return relation


def _identity(
    said: Mapping[str, str],
    gender: str | None,
    birth_date: date | None,
    today: date,
    problems: list[Problem],
) -> Identity | None:
    number = None
    if "id_number" in said:
        try:
            number = id_number(said["id_number"], today).text
        except InvalidValue:
            problems.append(Problem("id_number", "wrong_id_number"))
            return None
    try:
        return agreed(Identity(number, gender, birth_date), today)
    except InvalidValue as wrong:
        code = "wrong_birth_date" if number is None else "disagrees"
        problems.append(Problem(wrong.field or "birth_date", code))
        return None


def expires(opened: datetime, now: datetime) -> bool:
    return (now - opened).total_seconds() > KEPT_HOURS * 3600
