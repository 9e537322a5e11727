"""Every variable that a template may use, and how its value is put into words.

Values are codes, times and numbers of events; the words come from the vocabularies. There is no variable that could
carry what a person typed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from shared.contracts.vocabulary import name
from shared.refusals import Language

Values = Mapping[str, object]
"""A message's facts by name, as JSON has them: codes, ISO 8601 times, numbers, lists of codes."""

SHANGHAI = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = {
    "zh": ["周一", "周二", "周三", "周四", "周五", "周六", "周日"],
    "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
}
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

Writer = Callable[[Values, Language], str]


@dataclass(frozen=True, slots=True)
class Variable:
    write: Writer
    facts: tuple[str, ...]
    """The facts that it needs; a message without them cannot be written."""
    sms: bool = True
    """Never empty and short (1 to 35 characters), as the SMS provider demands of a variable."""


def moment(value: object, language: Language) -> str:
    """A time as people say it, in Asia/Shanghai: `12月3日周四17:30`, `Thu 3 Dec 17:30`."""
    local = datetime.fromisoformat(str(value)).astimezone(SHANGHAI)
    weekday = _WEEKDAYS[language][local.weekday()]
    if language == "zh":
        return f"{local.month}月{local.day}日{weekday}{local:%H:%M}"
    return f"{weekday} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"


def _codes(value: object) -> list[str]:
    return [str(code) for code in value] if isinstance(value, list | tuple) else []


def _plain(fact: str) -> Variable:
    return Variable(lambda values, _: str(values[fact]), (fact,))


def _time(fact: str) -> Variable:
    return Variable(lambda values, language: moment(values[fact], language), (fact,))


def _code(fact: str, kind: str | None = None) -> Variable:
    kind_ = kind or fact

    def write(values: Values, language: Language) -> str:
        return name(kind_, str(values[fact]), language)

    return Variable(write, (fact,))


def _list(fact: str, kind: str, *, separator_zh: str = "、", separator_en: str = ", ") -> Variable:
    def write(values: Values, language: Language) -> str:
        named = [name(kind, code, language) for code in _codes(values[fact])]
        if not named:
            return "无" if language == "zh" else "none"
        return (separator_zh if language == "zh" else separator_en).join(named)

    return Variable(write, (fact,), sms=False)


def _category(values: Values, language: Language) -> str:
    code = values.get("category")
    if code is None:
        return "未分类" if language == "zh" else "not classified yet"
    return name("category", str(code), language)


def _hot_place(values: Values, language: Language) -> str:
    return str(values.get("hot_place") or ("本社区" if language == "zh" else "the community"))


def _due(values: Values, language: Language) -> str:
    written = moment(values["due"], language)
    if not values.get("due_provisional"):
        return written
    return written + ("（暂定）" if language == "zh" else " (provisional)")


def _provisional_note(values: Values, language: Language) -> str:
    """Why a due time is provisional; nothing when it is not."""
    if not values.get("due_provisional"):
        return ""
    if language == "zh":
        return "标“暂定”的时限：下一年度的放假安排尚未公布，届时可能调整。"
    return "Provisional: the public holidays of the next year are not published yet, so the time may change."


def _hours(fact: str) -> Variable:
    """Minutes as whole hours, rounded half up."""
    return Variable(lambda values, _: str((int(str(values[fact])) + 30) // 60), (fact,))


def _points_expire(values: Values, language: Language) -> str:
    """The last day on which they can be spent: they are gone at the midnight after it."""
    last = datetime.fromisoformat(str(values["expires"])).astimezone(SHANGHAI) - timedelta(seconds=1)
    if language == "zh":
        return f"{last.year}年{last.month}月{last.day}日"
    return f"{last.day} {_MONTHS[last.month - 1]} {last.year}"


def _month(values: Values, language: Language) -> str:
    day = date.fromisoformat(str(values["month"]))
    return f"{day.year}年{day.month}月" if language == "zh" else f"{_MONTHS[day.month - 1]} {day.year}"


def _half_hours(values: Values, _: Language) -> str:
    """Minutes as hours, to the half hour below: `2.5`."""
    halves = int(str(values["minutes"])) // 30
    return f"{halves / 2:g}"


def _score(values: Values, _: Language) -> str:
    return f"{float(str(values['score'])) * 100:.0f}%"


def _gaps(values: Values, language: Language) -> str:
    """The criteria that are not met and the skills that are missing, as a sentence; nothing where all is met."""
    unmet = [name("match_criterion", code, language) for code in _codes(values["unmet"])]
    skills = [name("job_skill", code, language) for code in _codes(values["missing_skills"])]
    if language == "zh":
        parts = [f"暂不符合：{'、'.join(unmet)}"] if unmet else []
        parts += [f"还缺的技能：{'、'.join(skills)}"] if skills else []
        return "；".join(parts) + "。" if parts else ""
    parts = [f"Not met: {', '.join(unmet)}"] if unmet else []
    parts += [f"Skills to learn: {', '.join(skills)}"] if skills else []
    return "; ".join(parts) + ". " if parts else ""


def _training_offer(values: Values, language: Language) -> str:
    courses = [name("training", code, language) for code in _codes(values["training"])]
    if not courses:
        return ""
    if language == "zh":
        return f"社区可以帮您报名：{'、'.join(courses)}。"
    return f"The community can enrol you in: {', '.join(courses)}."


VARIABLES: Mapping[str, Variable] = MappingProxyType(
    {
        # Of the request, kept from `request.filed`.
        "reference": _plain("reference"),
        "category": Variable(_category, ("category",)),
        "urgency": _code("urgency"),
        "due": Variable(_due, ("due", "due_provisional")),
        "provisional_note": Variable(_provisional_note, ("due_provisional",), sms=False),
        # Of the event that the message tells of.
        "duplicate_reference": _plain("duplicate_reference"),
        "progress": _code("progress", "request_entry"),
        "rejection_reason": _code("rejection_reason"),
        "return_reason": _code("return_reason"),
        "rework_reason": _code("rework_reason"),
        "reopen_reason": _code("reopen_reason"),
        "reclassify_reason": _code("reclassify_reason"),
        "supervision_reason": _code("supervision_reason"),
        "due_change_reason": _code("due_change_reason"),
        "stop_cause": _code("stop_cause"),
        "case_result": _code("case_result"),
        "outcome": _code("outcome"),
        "assignment_reasons": _list(
            "assignment_reasons", "assignment_reason", separator_zh="；", separator_en="; "
        ),
        "returns": _plain("returns"),
        "round": _plain("round"),
        "hot_place": Variable(_hot_place, ("hot_place",)),
        "heat": _plain("heat"),
        "requests": _plain("requests"),
        "residents": _plain("residents"),
        "votes": _plain("votes"),
        "load": _hours("load"),
        "cap": _hours("cap"),
        "activity_kind": _code("activity_kind"),
        "activity_number": _plain("activity_number"),
        "activity_starts": _time("activity_starts"),
        "starts_before": _time("starts_before"),
        "decline_until": _time("decline_until"),
        "leave_until": _time("leave_until"),
        "position": _plain("position"),
        "activity_cancel_reason": _code("activity_cancel_reason"),
        "occupation": _code("occupation"),
        "occupations": _list("occupations", "occupation"),
        "score": Variable(_score, ("score",)),
        "met": _list("met", "match_criterion"),
        "amount": _plain("amount"),
        "balance": _plain("balance"),
        "expires": Variable(_points_expire, ("expires",)),
        "month": Variable(_month, ("month",)),
        "hours": Variable(_half_hours, ("minutes",)),
        "earned": _plain("earned"),
        "spent": _plain("spent"),
        "expired": _plain("expired"),
        "gaps": Variable(_gaps, ("unmet", "missing_skills"), sms=False),
        "training_offer": Variable(_training_offer, ("training",), sms=False),
    }
)

VOCABULARIES = (
    "category", "urgency", "request_entry", "rejection_reason", "return_reason", "rework_reason", "reopen_reason", "reclassify_reason", "stop_cause",
    "supervision_reason", "due_change_reason",
    "case_result", "outcome", "assignment_reason", "occupation", "match_criterion", "job_skill", "training",
    "activity_kind", "activity_cancel_reason",
)  # fmt: skip
"""The vocabularies that the variables need; looked for at start."""


def greeting(person: str | None, language: Language) -> str:
    """How a mail begins. The only place where a name is written, and nothing of it is stored."""
    if language == "zh":
        return f"{person}，您好：" if person else "您好："
    return f"Dear {person}," if person else "Hello,"
