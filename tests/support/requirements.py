"""Skipping for lack of a real part, plainly; never where everything is required (CI sets LONGXI_REQUIRE=all)."""

import os
from typing import NoReturn

import pytest


def missing(what: str, how: str) -> NoReturn:
    """This machine lacks `what`; `how` says how to get it."""
    if os.environ.get("LONGXI_REQUIRE") == "all":
        pytest.fail(f"{what} is required here and missing: {how}")
    pytest.skip(f"no {what} here: {how}")
