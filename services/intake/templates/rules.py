"""What a template may name, whether it fits a request, and the words that come of it. Plain Python.

Templates are the community's own words and about nobody; what is written from them to a resident is not.
"""

import string
from dataclasses import dataclass
from datetime import datetime

from shared.calendar import SHANGHAI
from shared.contracts.intake import Outcome
from shared.contracts.vocabulary import name
from shared.refusals import InvalidValue, Language

PLACEHOLDERS = ("reference", "due", "category")
_DAYS_ZH = "一二三四五六日"
_DAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class UnknownPlaceholder(InvalidValue):
    """Params: known."""

    type = "unknown-placeholder"
    zh = "模板中只能使用这些占位符：{known}；花括号须成对，写花括号本身请用 {{{{ 和 }}}}。"
    en = "A template knows these placeholders: {known}; braces come in pairs, and {{{{ and }}}} stand for themselves."


@dataclass(frozen=True, slots=True)
class Template:
    title: str
    """For those who choose among templates."""
    zh: str
    en: str
    category: str | None = None
    """For requests of this category and all below it; None for all."""
    outcome: Outcome | None = None
    """For this outcome; None for all."""


@dataclass(frozen=True, slots=True)
class About:
    """What a template may say of a request."""

    reference: str
    due: datetime
    category: str | None


def check(template: Template) -> None:
    """Raises UnknownPlaceholder that names the text."""
    for field, text in (("zh", template.zh), ("en", template.en)):
        try:
            parsed = list(string.Formatter().parse(text))
        except ValueError:
            raise _unknown(field) from None
        for _, placeholder, spec, conversion in parsed:
            if placeholder is not None and (placeholder not in PLACEHOLDERS or spec or conversion):
                raise _unknown(field)


def fits(template: Template, *, category: str | None, outcome: Outcome | None) -> bool:
    """Whether it is meant for a request of this category that ends so; an outcome of None is not decided yet."""
    if template.category is not None and not (category or "").startswith(template.category):
        return False
    return template.outcome is None or outcome is None or template.outcome is outcome


def render(template: Template, about: About, language: Language) -> str:
    """The template's words for this request. What is checked can be rendered."""
    text = template.zh if language == "zh" else template.en
    return text.format(
        reference=about.reference,
        due=_moment(about.due, language),
        category=_category(about.category, language),
    )


def _unknown(field: str) -> UnknownPlaceholder:
    return UnknownPlaceholder(field=field, known=", ".join(f"{{{name}}}" for name in PLACEHOLDERS))


def _category(code: str | None, language: Language) -> str:
    if code is None:
        return "未分类" if language == "zh" else "not classified yet"
    return name("category", code, language)


def _moment(moment: datetime, language: Language) -> str:
    """In Asia/Shanghai: `2026年12月3日（周四）17:30`, `Thu 3 Dec 2026, 17:30`."""
    local = moment.astimezone(SHANGHAI)
    if language == "zh":
        return f"{local.year}年{local.month}月{local.day}日（周{_DAYS_ZH[local.weekday()]}）{local:%H:%M}"
    day, month = _DAYS_EN[local.weekday()], _MONTHS_EN[local.month - 1]
    return f"{day} {local.day} {month} {local.year}, {local:%H:%M}"
