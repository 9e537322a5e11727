"""Log lines: JSON on stdout in production, readable on a terminal, the same for our code, uvicorn and libraries.

    log = get_logger(__name__)
    log.info("request filed", request=str(request.id), channel="portal")

The message is fixed words, what varies goes into fields, and personal data into neither.
"""

import logging
import sys
from contextlib import AbstractContextManager
from typing import Any, Literal, TextIO, cast

import orjson
import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.observing.redaction import redaction
from shared.observing.trace import Traceparent, known

# They write a line for each request or connection; ours says it better, or nobody asked.
_QUIET = {"httpx": "WARNING", "httpcore": "WARNING", "aiokafka": "WARNING", "asyncio": "WARNING"}
_UVICORN = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")


def get_logger(name: str | None = None) -> BoundLogger:
    return cast(BoundLogger, structlog.get_logger(name))


def about(**fields: object) -> AbstractContextManager[None]:
    """Bind fields (such as `tenant`) to every line that this task writes within the block."""
    return bound_contextvars(**fields)


def configure(
    service: str,
    role: str,
    level: str = "INFO",
    *,
    mode: Literal["production", "development"] = "production",
    stream: TextIO | None = None,
) -> None:
    """Set up logging for this process. Start uvicorn with `log_config=None`, or it sets up its own.

    `role` is api, worker, command …; `level` a name of the standard library's levels.
    """
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        _once,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
        _origin(service, role),
        # To text, without the frames' variables: those hold what people wrote.
        structlog.processors.format_exc_info,
        redaction,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Loggers are made at import, before this is called, and a test may set up logging again.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[ProcessorFormatter.remove_processors_meta, _renderer(mode, handler.stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _UVICORN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, floor in _QUIET.items():
        logging.getLogger(name).setLevel(floor)
    logging.captureWarnings(True)


def _once(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Without uvicorn's second form of its message, made for terminals."""
    line.pop("color_message", None)
    return line


def _origin(service: str, role: str) -> Processor:
    """Who writes, and on whose behalf: service, role, correlation and the trace's id."""

    def add(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["service"], line["role"] = service, role
        if context := known():
            line.setdefault("correlation", str(context.correlation))
            if context.causation:
                line.setdefault("causation", str(context.causation))
            if here := Traceparent.parse(context.traceparent):
                line.setdefault("trace_id", here.trace_id)
        return line

    return add


def _renderer(mode: str, stream: TextIO) -> Processor:
    if mode == "production":
        return structlog.processors.JSONRenderer(serializer=_json)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _json(line: Any, **_options: Any) -> str:
    return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
