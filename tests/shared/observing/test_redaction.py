"""No log line carries personal data, even when somebody put it there."""

from typing import Any
from uuid import UUID

import pytest

from shared.observing.redaction import (
    HIDDEN,
    redact,
    redact_exception,
    redact_field,
    redact_text,
    redaction,
)

TEXTS = [
    ("call 19900001234 back", "call [phone] back", "a mainland mobile"),
    ("电话19900001234。", "电话[phone]。", "between Chinese characters"),
    ("+86 199-0000-1234", "[phone]", "with country code and groups"),
    ("8619900001234", "[phone]", "country code without plus"),
    ("199000012345", "199000012345", "twelve digits are no mobile"),
    ("12900001234", "12900001234", "mobiles begin with 13 to 19"),
    ("id 11010119900307001X", "id [id_number]", "an ID number with X"),
    ("110101199003070011", "[id_number]", "an ID number"),
    ("1101011990030700112", "1101011990030700112", "nineteen digits are no ID number"),
    ("to zhang.san@mail.example.cn!", "to [email]!", "a mail address"),
    ("postgresql://u:p@db.example/x", "postgresql://u:[email]/x", "a password in a URL goes with the host"),
    (
        "0192f4c2-7b1d-7000-8000-19900001234a",
        "0192f4c2-7b1d-7000-8000-19900001234a",
        "an id is kept though digits of it look like a mobile",
    ),
    (
        "trace 4bf92f3577b34da613912345678e4736",
        "trace 4bf92f3577b34da613912345678e4736",
        "a trace id is kept",
    ),
    (
        "error\n[SQL: INSERT …]\n[parameters: ('张三', [1])]\nmore",
        "error\n[SQL: INSERT …]\n[parameters: [redacted]\nmore",
        "a statement's parameters",
    ),
    ("DETAIL:  Key (who)=(张三) exists.\nnext", "DETAIL:  [redacted]\nnext", "PostgreSQL quotes the row"),
    (
        "x [input_value='张三', input_type=str]",
        "x [input_value=[redacted], input_type=str]",
        "Pydantic quotes input",
    ),
    ("2026-11-21T08:30:00.123456Z took 12 ms", "2026-11-21T08:30:00.123456Z took 12 ms", "times are kept"),
    ("reference 261121-000042-7", "reference 261121-000042-7", "a request's reference is kept"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), TEXTS, ids=[case[2] for case in TEXTS])
def test_text_is_redacted_by_its_look(text: str, expected: str, reason: str) -> None:
    assert redact_text(text) == expected, reason


FIELDS = [
    ("name", True, "a person's name has no form, so the field decides"),
    ("resident_name", True, "whoever's name"),
    ("contact.phone", True, "dotted"),
    ("ADDRESS", True, "in any case"),
    ("body", True, "what somebody wrote"),
    ("authorization", True, "a credential"),
    ("access_token", True, "a credential"),
    ("hostname", False, "a machine"),
    ("topic", False, "a code"),
    ("named", False, "only whole words"),
]


@pytest.mark.parametrize(("field", "hidden", "reason"), FIELDS, ids=[case[0] for case in FIELDS])
def test_fields_are_redacted_by_their_name(field: str, hidden: bool, reason: str) -> None:
    assert (redact_field(field, "张三") == HIDDEN) is hidden, reason


VALUES: list[tuple[Any, Any, str]] = [
    (None, None, "nothing"),
    (True, True, "a flag"),
    (3, 3, "a count stays a number"),
    (19900001234, "[phone]", "a phone that came as a number"),
    (0.5, 0.5, "a share"),
    (b"19900001234", HIDDEN, "bytes are not looked into"),
    (
        {"who": {"phone": "x", "n": [1, "19900001234"]}},
        {"who": {"phone": HIDDEN, "n": [1, "[phone]"]}},
        "nested",
    ),
    (UUID(int=7), str(UUID(int=7)), "an id becomes text"),
    ([[[[[[["deep"]]]]]]], [[[[[[HIDDEN]]]]]], "not deeper than anybody logs"),
]


@pytest.mark.parametrize(("value", "expected", "reason"), VALUES, ids=[case[2] for case in VALUES])
def test_values_of_every_shape_are_redacted(value: Any, expected: Any, reason: str) -> None:
    assert redact(value) == expected, reason


def test_an_empty_field_says_that_it_is_empty() -> None:
    assert redact_field("phone", None) is None


def test_the_processor_leaves_its_own_fields_alone() -> None:
    line = redaction(None, "info", {"event": "call 19900001234", "service": "intake", "phone": "1"})
    assert line == {"event": "call [phone]", "service": "intake", "phone": HIDDEN}


EXCEPTIONS = [
    ("ValueError: cannot reach 张三", "ValueError: cannot reach …", "a name in Chinese"),
    ("ValueError: cannot reach “San Zhang”", "ValueError: cannot reach …", "a quoted name"),
    ("RuntimeError: no\n    李四", "RuntimeError: no\n    …", "on a later line, indented like a source line"),
    ("KeyError: 'grid_place'", "KeyError: 'grid_place'", "a key's own name"),
    ("DataError: invalid input: 'Zhang' ($1)", "DataError: invalid input: … ($1)", "what a driver quotes"),
    ("<class 'asyncpg.exceptions.DataError'>: no", "<class 'asyncpg.exceptions.DataError'>: no", "a class"),
    (
        'Traceback (most recent call last):\n  File "/srv/Longxi App/x.py", line 3, in f\n    raise X("Y z")\nX: "Y z"',
        'Traceback (most recent call last):\n  File "/srv/Longxi App/x.py", line 3, in f\n    raise X("Y z")\nX: …',
        "frames are ours",
    ),
    ("  | ValueError: 'San Zhang'", "  | ValueError: …", "within a group"),
    ("ValueError: 19900001234", "ValueError: [phone]", "by its look, as everywhere"),
]


@pytest.mark.parametrize(("text", "expected", "reason"), EXCEPTIONS, ids=[case[2] for case in EXCEPTIONS])
def test_an_exceptions_text_says_nothing_of_anybody(text: str, expected: str, reason: str) -> None:
    assert redact_exception(text) == expected, reason
    assert redaction(None, "error", {"exception": text})["exception"] == expected
