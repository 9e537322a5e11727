"""The time, passed in wherever it matters so that a test can hold it still."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, always aware and in UTC."""


def system_clock() -> datetime:
    return datetime.now(UTC)
