"""docs/communities.md shows every setting of a community with the default that the code has."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from services.casework.policies import rules as casework
from services.employment.matching.policy import MatchingPolicy, policy_of
from services.intake.policies import Policy
from services.notifications.telling import policy as notifications
from shared.tenants import Tenants

PAGE = Path(__file__).parents[2] / "docs" / "communities.md"


@pytest.fixture(scope="module")
def shown() -> Mapping[str, Any]:
    """The community of the page, by service."""
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found: Mapping[str, Any] = tomllib.loads(block)["longxi"]
    return found


def test_intake_would_be_the_same_without_it(shown: Mapping[str, Any]) -> None:
    assert Policy.of(shown["intake"]) == Policy.of({})


def test_nothing_of_intake_is_left_out(shown: Mapping[str, Any]) -> None:
    policy = Policy.of({})
    for name in (
        "activities",
        "attachments",
        "duplicates",
        "hot_spots",
        "limits",
        "points",
        "retention",
        "understanding",
    ):
        known = {field.name for field in fields(getattr(policy, name))}
        assert set(shown["intake"][name]) == known, name
    publishing = {*shown["intake"]["open311"], *shown["intake"]["open_data"], "jurisdiction"}
    assert publishing == {"enabled", "jurisdiction", "places", "least", "withheld"}


def test_casework_would_be_the_same_without_it(shown: Mapping[str, Any]) -> None:
    found = casework.policy_from(shown["casework"], shown["intake"]["limits"])
    assert found == casework.policy_from({})
    assert set(shown["casework"]) == casework._SETTINGS  # what it knows is written down nowhere else


def test_employment_would_be_the_same_without_it(shown: Mapping[str, Any]) -> None:
    assert policy_of(shown["employment"]) == MatchingPolicy()
    assert set(shown["employment"]) == {field.name for field in fields(MatchingPolicy) if field.init}


def test_notifications_would_be_the_same_without_it(shown: Mapping[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "tenants.toml"
    file.write_text('[longxi]\nname_zh = "龙溪社区"\nname_en = "Longxi"\n', encoding="utf-8")
    plain = Tenants.load(file)["longxi"]
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file.write_text(block, encoding="utf-8")
    assert notifications.policy_of(Tenants.load(file)["longxi"]) == notifications.policy_of(plain)
    assert set(shown["notifications"]) == {"heads", "quiet_start", "quiet_end", "sms_signature"}
