"""Whoever writes a line, it comes out as one JSON object that says where it is from, and hides what it must."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal
from uuid import uuid4

import pytest
import structlog

from shared.observing import about, configure, get_logger, trace
from shared.observing.trace import TraceContext, Traceparent


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Other tests shall not log into this one's streams."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


class Output:
    def __init__(
        self, mode: Literal["production", "development"] = "production", level: str = "INFO"
    ) -> None:
        self.stream = io.StringIO()
        configure("intake", "api", level, mode=mode, stream=self.stream)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def test_a_line_says_where_it_is_from() -> None:
    output = Output()
    context = TraceContext(uuid4(), causation=uuid4(), traceparent=str(here := Traceparent.new()))
    with trace.use(context), about(tenant="longxi"):
        get_logger("intake.requests").info("request filed", channel="portal", count=2)
    (line,) = output.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request filed",
        "level": "info",
        "logger": "intake.requests",
        "service": "intake",
        "role": "api",
        "tenant": "longxi",
        "correlation": str(context.correlation),
        "causation": str(context.causation),
        "trace_id": here.trace_id,
        "channel": "portal",
        "count": 2,
    }


def test_chinese_is_written_as_it_is() -> None:
    output = Output()
    get_logger().info("龙溪社区")
    assert "龙溪社区" in output.stream.getvalue()


def test_what_was_bound_ends_with_its_block() -> None:
    output = Output()
    with about(tenant="longxi"):
        pass
    get_logger().info("later")
    assert "tenant" not in output.lines[0]


def test_libraries_and_uvicorn_write_the_same_lines() -> None:
    output = Output()
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
    logging.getLogger("some.library").warning("slow", extra={"took": 3})
    first, second = output.lines
    assert first["event"] == "Started server process [7]"
    assert (first["service"], first["logger"]) == ("intake", "uvicorn.error")
    assert (second["level"], second["took"]) == ("warning", 3)


def test_what_uvicorn_says_for_terminals_is_left_out() -> None:
    output = Output()
    logging.getLogger("uvicorn.error").info("Started", extra={"color_message": "\x1b[1mStarted\x1b[0m"})
    (line,) = output.lines
    assert line["event"] == "Started"
    assert "color_message" not in line


def test_the_level_holds_for_both_kinds() -> None:
    output = Output(level="warning")
    get_logger("a").info("no")
    logging.getLogger("b").info("no")
    get_logger("a").warning("yes")
    assert [line["event"] for line in output.lines] == ["yes"]


def test_an_exception_is_one_field_without_what_people_wrote() -> None:
    output = Output()
    try:
        secret_of_the_frame = "张三"
        raise ValueError(f"cannot reach 19900001234 {len(secret_of_the_frame)}")
    except ValueError:
        get_logger().exception("failed", phone="19900001234")
    (line,) = output.lines
    assert "ValueError: cannot reach [phone]" in line["exception"]
    assert line["phone"] == "[redacted]"
    assert "张三" not in line["exception"].split("raise ValueError")[1]


def test_a_librarys_exception_is_redacted_too() -> None:
    output = Output()
    try:
        raise RuntimeError("mail to a@b.example.cn bounced")
    except RuntimeError:
        logging.getLogger("library").exception("call %s", "19900001234")
    (line,) = output.lines
    assert line["event"] == "call [phone]"
    assert "[email]" in line["exception"]


def test_development_is_for_reading() -> None:
    output = Output(mode="development")
    get_logger("intake").info("request filed", phone="19900001234")
    text = output.stream.getvalue()
    assert "request filed" in text
    assert not text.startswith("{")
    assert "19900001234" not in text
