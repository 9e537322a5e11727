"""The page of environment variables says what the settings classes say, and what it promises of files is true."""

import os
from pathlib import Path

import pytest

from shared.contracts.catalogue import SERVICES
from shared.runtime.variables import main, page, settings_classes
from shared.settings import ServiceSettings, read_secret_files

PAGE = Path(__file__).parents[2] / "docs" / "variables.md"


def test_the_committed_page_is_current() -> None:
    assert page() == PAGE.read_text(encoding="utf-8"), "run python -m shared.runtime.variables"


def test_every_variable_of_every_service_is_on_the_page() -> None:
    text = page()
    own = settings_classes()
    assert set(own) == set(SERVICES)
    classes: list[type[ServiceSettings]] = [ServiceSettings, *own.values()]
    for settings in classes:
        for name in settings.model_fields:
            assert f"| `{name.upper()}` |" in text


def test_every_variable_says_what_it_means() -> None:
    assert [line for line in page().splitlines() if line.endswith("|  |")] == []


def test_a_page_that_is_old_is_noticed_and_not_written(tmp_path: Path) -> None:
    old = tmp_path / "variables.md"
    old.write_text("old")
    assert main(["--check", str(old)]) == 1
    assert old.read_text() == "old"
    assert main([str(old)]) == 0
    assert main(["--check", str(old)]) == 0


def test_no_default_shows_a_secret() -> None:
    rows = [line for line in page().splitlines() if "| text, secret |" in line]
    assert rows
    assert all("| text, secret | none |" in row for row in rows)


def test_any_variable_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text("of the file\n")
    for name in ("SERVICE_ISSUER", "LOG_LEVEL"):
        monkeypatch.setenv(name, "to be removed again at the end of the test")
        monkeypatch.delenv(name)
        monkeypatch.setenv(f"{name}_FILE", str(file))
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setenv("MASTER_KEY_FILE", str(tmp_path / "a path, not a content"))
    read_secret_files(ServiceSettings)
    assert os.environ["SERVICE_ISSUER"] == "of the file"
    assert os.environ["LOG_LEVEL"] == "INFO", "what is set is left alone"
    assert "MASTER_KEY" not in os.environ, "a setting of its own"
