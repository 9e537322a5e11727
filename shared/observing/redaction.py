"""The last guard before a log line leaves: personal data is taken out, by the field's name and by its look.

The first guard is not to log it. This one catches what a library puts into an exception's text, or a hurried hand into
a field. It can know numbers and addresses by their form, but no names: those it knows by the field only. An exception's
text is nobody's field, so there Chinese words go and whatever is quoted: our own errors are written in English, and what
is not English or stands in quotes was given to us.
"""

import re
from collections.abc import Mapping
from typing import Any

from structlog.typing import EventDict, WrappedLogger

HIDDEN = "[redacted]"

_FIELDS = (
    "address",
    "api_key",
    "authorization",
    "body",
    "cookie",
    "email",
    "id_number",
    "mobile",
    "name",
    "password",
    "phone",
    "secret",
    "subject_text",
    "token",
)
# `phone`, `resident_phone`, `contact.phone`; `named` or `hostname` stay.
_FIELD = re.compile(rf"(?:^|[_.\-])(?:{'|'.join(_FIELDS)})$", re.IGNORECASE)

# Ids are kept as they are, though eleven digits of one may look like a telephone number.
_KEPT = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])"
_PATTERN = re.compile(
    rf"(?P<kept>{_KEPT})"
    # GB 11643-1999: 17 digits and a check digit or X.
    r"|(?P<id_number>(?<!\d)[1-9]\d{16}[\dXx](?!\d))"
    # Numbering plan of mainland mobiles: 1, then 3 to 9, eleven digits in all, perhaps grouped or with +86.
    r"|(?P<phone>(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d))"
    r"|(?P<email>[\w.+%-]+@[\w-]+(?:\.[\w-]+)+)",
    re.ASCII,
)
# Where libraries quote values in their errors: SQLAlchemy's parameters, PostgreSQL's DETAIL, Pydantic's input.
_QUOTED = re.compile(
    r"(?P<sql>\[parameters: ).*?\](?=\n|$)"
    r"|(?P<detail>DETAIL:\s+).*?(?=\n|$)"
    r"|(?P<input>input_value=).*?(?=, input_type=)",
    re.DOTALL,
)
_DEPTH = 6
# Han and kana with their punctuation, Hangul, full-width forms, and Han beyond the basic plane.
_WORDS = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]+")
_IN_QUOTES = re.compile(r"""'[^'\n]*'|"[^"\n]*"|“[^”\n]*”|‘[^’\n]*’|`[^`\n]*`""")
# The name of a key, a table, a module: what an error is of no use without.
_NAME = re.compile(r"[a-z_][a-z0-9_]*(?:\.[A-Za-z0-9_]+)*")
# A frame, its source line, and the marks below it; within a group of exceptions all have a margin.
_FRAME = re.compile(r"[ |]*(?:  File \"|    |~|\^)")


def redact_text(text: str) -> str:
    """`text` with telephone and ID numbers, mail addresses and quoted values replaced by what they were."""
    if "parameters: " in text or "DETAIL:" in text or "input_value=" in text:
        text = _QUOTED.sub(lambda found: found[found.lastgroup or 0] + HIDDEN, text)
    return _PATTERN.sub(_replacement, text)


def redact_exception(text: str) -> str:
    """A traceback without the words that somebody gave: frames stay, and of the errors what they are."""
    lines = (
        line if _FRAME.match(line) else _IN_QUOTES.sub(_unless_a_name, line) for line in text.split("\n")
    )
    return redact_text(_WORDS.sub("…", "\n".join(lines)))


def _unless_a_name(found: re.Match[str]) -> str:
    return found[0] if _NAME.fullmatch(found[0][1:-1]) else "…"


def _replacement(found: re.Match[str]) -> str:
    return found[0] if found.lastgroup == "kept" else f"[{found.lastgroup}]"


def redact(value: Any, *, depth: int = _DEPTH) -> Any:
    """A copy of `value` (text, numbers, mappings, sequences of them) without personal data."""
    match value:
        case None | bool() | float():
            return value
        case str():
            return redact_text(value)
        case Mapping() if depth:
            return {key: redact_field(str(key), item, depth=depth - 1) for key, item in value.items()}
        case list() | tuple() | set() | frozenset() if depth:
            return [redact(item, depth=depth - 1) for item in value]
        case Mapping() | list() | tuple() | set() | frozenset() | bytes():
            return HIDDEN
    text = str(value)
    redacted = redact_text(text)
    # A number stays a number, unless it is somebody's.
    return value if isinstance(value, int) and redacted == text else redacted


def redact_field(key: str, value: Any, *, depth: int = _DEPTH) -> Any:
    return HIDDEN if value is not None and _FIELD.search(key) else redact(value, depth=depth)


def redaction(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """The structlog processor; runs after exceptions have become text."""
    return {key: _redacted(key, value) for key, value in line.items()}


def _redacted(key: str, value: Any) -> Any:
    if key in _TRUSTED:
        return value
    return redact_exception(str(value)) if key == "exception" else redact_field(key, value)


# Written by the processors before this one, many times a second. `_record` is the standard library's own object.
_TRUSTED = frozenset({"timestamp", "level", "service", "role", "_record", "_from_structlog"})
