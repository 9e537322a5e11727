"""Every promise in docs/invariants names the test that guards it, and that test exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROMISES = sorted(path for path in (ROOT / "docs" / "invariants").glob("*.md") if path.name != "README.md")
_GUARD = re.compile(r"`(tests/[\w/.-]+\.py)(?:::(\w+))?`")


@pytest.mark.parametrize("promise", PROMISES, ids=lambda path: path.stem)
def test_a_promise_has_a_guard(promise: Path) -> None:
    guards = _GUARD.findall(promise.read_text(encoding="utf-8"))
    assert guards, "name the test that breaks when the promise does"
    for file, test in guards:
        path = ROOT / file
        assert path.is_file(), file
        assert not test or f"def {test}(" in path.read_text(encoding="utf-8"), f"{file}::{test}"
