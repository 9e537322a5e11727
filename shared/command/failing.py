"""Ending a command plainly: one sentence and an exit code, no traceback, for what a person can do something about."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console

from shared.command.connection import CannotConnect, Refused


@contextmanager
def plainly(console: Console, *also: type[Exception]) -> Iterator[None]:
    """Expected failures become one line and exit code 1; those within a task group too."""
    kinds: tuple[type[Exception], ...] = (CannotConnect, Refused, *also)
    try:
        yield
    except kinds as fault:
        _end(console, fault)
    except ExceptionGroup as group:
        expected, unexpected = group.split(kinds)
        if expected is None or unexpected is not None:
            raise
        _end(console, expected.exceptions[0])


def _end(console: Console, fault: Exception) -> NoReturn:
    console.print(str(fault), style="red", markup=False, highlight=False)
    raise typer.Exit(1) from None
