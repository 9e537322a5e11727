"""A tenant's numbers are read with care: what is wrong is named, what is missing is the default."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from services.employment.matching.policy import WEIGHTS, Criterion, MatchingPolicy, policy_of


def test_nothing_given_is_the_default() -> None:
    assert policy_of({}) == MatchingPolicy()


def test_the_readme_shows_the_defaults() -> None:
    readme = (Path(__file__).parents[2] / "services/employment/README.md").read_text(encoding="utf-8")
    example = readme.split("```toml")[1].split("```")[0]
    assert policy_of(tomllib.loads(example)["longxi"]["employment"]) == MatchingPolicy()


def test_a_tenant_changes_one_weight_and_keeps_the_others() -> None:
    policy = policy_of({"weights": {"area": 0.3}, "tell_at_most": 3})
    assert policy.weights == {**WEIGHTS, Criterion.AREA: 0.3}
    assert policy.tell_at_most == 3


def test_the_version_changes_with_whatever_could_judge_otherwise() -> None:
    own = policy_of({"weights": {"area": 0.3}})
    assert policy_of({"tell_at_most": 3, "good_from": 0.7}).version == "matching-1"
    assert own.version.startswith("matching-1-")
    assert own.version == policy_of({"weights": {"area": 0.3}}).version
    assert own.version != policy_of({"must_have": ["occupation"]}).version


def test_a_tenant_says_what_it_insists_on() -> None:
    policy = policy_of({"must_have": ["occupation", "experience"]})
    assert policy.must_have == {Criterion.OCCUPATION, Criterion.EXPERIENCE}


@pytest.mark.parametrize(
    ("settings", "says", "reason"),
    [
        ({"weights": {"looks": 1}}, "'looks' is not a criterion", "an unknown criterion"),
        ({"weights": {"pay": -0.1}}, "weights", "a negative weight would punish a good pay"),
        ({"weights": {"pay": float("nan")}}, "weights", "nan makes every score nan"),
        ({"weights": {"occupation": 0}}, "occupation", "a pair that asks nothing else would have no score"),
        ({"must_have": ["pay"]}, "must_have", "the occupation always belongs to it"),
        ({"good_from": 1.5}, "good_from", "nobody could ever be told"),
        ({"clearly_better": 0}, "clearly_better", "the same news over and over"),
        ({"tell_at_most": 0}, "tell_at_most", "nobody would be told"),
        ({"told_per_post": 0}, "told_per_post", "nobody would be told"),
        ({"tell_at_mots": 3}, "tell_at_mots", "a slip of the pen"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], says: str, reason: str) -> None:
    with pytest.raises(ValueError, match=says):
        policy_of(settings)
