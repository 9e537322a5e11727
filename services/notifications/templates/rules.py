"""A template's shape, how it is rendered, and what makes it wrong. Pure: the same facts give the same words."""

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.notifications.preferences.rules import Group
from services.notifications.templates.words import VARIABLES, Values, greeting
from shared.refusals import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")
SMS_VARIABLE = 35
"""Characters that a variable of an SMS may have at most (Aliyun's rules for templates of notices)."""
_ONE, _PART = 70, 67
"""Characters of an SMS in one piece, and of each piece of a longer one (UCS-2, as any Chinese text needs)."""
MOST_SEGMENTS: Mapping[Language, int] = {"zh": 2, "en": 4}


@dataclass(frozen=True, slots=True)
class Texts:
    """A template in one language. `{name}` stands for a variable of `words.VARIABLES`."""

    title: str
    """Subject of the mail, and title in the in-app inbox."""
    sms: str
    inapp: str
    mail: str
    """Body of the mail without greeting and signature, which all mails share."""


@dataclass(frozen=True, slots=True)
class Template:
    code: str
    version: int
    recipient: str
    """`resident` or `worker`."""
    group: Group
    texts: Mapping[Language, Texts]


@dataclass(frozen=True, slots=True)
class Sms:
    text: str
    """What the phone shows, without the provider's signature."""
    parameters: Mapping[str, str]
    """The variables, for the provider's copy of the template."""


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Note:
    """A message in the in-app inbox."""

    title: str
    text: str


def variables_of(*texts: str) -> list[str]:
    """The names in braces, each once, in order."""
    found = (name for text in texts for _, name, _, _ in string.Formatter().parse(text) if name is not None)
    return list(dict.fromkeys(found))


def facts_of(template: Template) -> frozenset[str]:
    """Every fact that any text of the template needs."""
    names = {
        name
        for texts in template.texts.values()
        for name in variables_of(texts.title, texts.sms, texts.inapp, texts.mail)
    }
    return frozenset(fact for name in names for fact in VARIABLES[name].facts)


def _words(values: Values, language: Language, *texts: str) -> dict[str, str]:
    return {name: VARIABLES[name].write(values, language) for name in variables_of(*texts)}


def _cut(text: str) -> str:
    return text if len(text) <= SMS_VARIABLE else text[: SMS_VARIABLE - 1] + "…"


def render_sms(template: Template, language: Language, values: Values) -> Sms:
    """Raises KeyError for a fact that is not there; so do the other two."""
    text = template.texts[language].sms
    parameters = {name: _cut(word) for name, word in _words(values, language, text).items()}
    return Sms(text.format_map(parameters), parameters)


def render_note(template: Template, language: Language, values: Values) -> Note:
    texts = template.texts[language]
    words = _words(values, language, texts.title, texts.inapp)
    return Note(texts.title.format_map(words), texts.inapp.format_map(words).strip())


def render_mail(
    template: Template, language: Language, values: Values, *, person: str | None, community: str
) -> Mail:
    texts = template.texts[language]
    words = _words(values, language, texts.title, texts.mail)
    lines = [line.rstrip() for line in texts.mail.strip().format_map(words).splitlines()]
    body = _without_gaps(lines)
    return Mail(texts.title.format_map(words), f"{greeting(person, language)}\n\n{body}\n\n{community}\n")


def _without_gaps(lines: Sequence[str]) -> str:
    """Join lines; where a variable left a line empty, no more than one empty line stays."""
    kept = [line for at, line in enumerate(lines) if line or (at > 0 and lines[at - 1])]
    return "\n".join(kept).strip()


def segments(text: str) -> int:
    """How many pieces an SMS costs: one up to 70 characters, else 67 in each. Counted in UTF-16 units, as networks do."""
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= _ONE else math.ceil(units / _PART)


def problems(template: Template, available: frozenset[str], *, signature: str) -> list[str]:
    """Everything that is wrong with a template, given the facts that its messages have. Empty when all is well.

    `signature` is what the provider puts before the text, `【龙溪社区】`; it counts into the length.
    """
    found: list[str] = []
    for language in LANGUAGES:
        texts = template.texts.get(language)
        where = f"{template.code} v{template.version} {language}"
        if texts is None:
            found.append(f"{where}: missing")
            continue
        every = (texts.title, texts.sms, texts.inapp, texts.mail)
        found += [f"{where}: a text is empty" for text in every if not text.strip()]
        unknown = [name for name in variables_of(*every) if name not in VARIABLES]
        found += [f"{where}: unknown variable {name!r}" for name in unknown]
        if unknown:
            continue
        for name in variables_of(*every):
            lacking = set(VARIABLES[name].facts) - available
            found += [f"{where}: {name!r} needs {fact!r}, which its event lacks" for fact in sorted(lacking)]
        found += _sms_problems(where, language, texts.sms, signature)
    return found


def _sms_problems(where: str, language: Language, text: str, signature: str) -> list[str]:
    names = variables_of(text)
    found = [f"{where}: {name!r} is not for an SMS" for name in names if not VARIABLES[name].sms]
    longest = signature + text.format_map(dict.fromkeys(names, "字" * _LONGEST.get(language, SMS_VARIABLE)))
    if segments(longest) > MOST_SEGMENTS[language]:
        found.append(
            f"{where}: the SMS may take {segments(longest)} segments, at most {MOST_SEGMENTS[language]}"
        )
    return found


_LONGEST: Mapping[Language, int] = {"zh": 20, "en": SMS_VARIABLE}
"""Characters to reckon with for each variable when the length is checked: no Chinese name in the vocabularies is longer."""
