"""Figures are medians of rounds, ratios are taken round by round, and what was not measured is null with a reason."""

import json
from pathlib import Path

from tests.bench.figures import Figure, percentile, ratios, table, write


def test_a_ratio_compares_within_a_round_so_that_a_slow_round_counts_for_both() -> None:
    figure = ratios("filing_ratio", [100, 20, 90], [50, 10, 60], 1.0)
    assert list(figure.values) == [2.0, 2.0, 1.5]
    assert figure.middle == 2.0
    assert not figure.missed


def test_an_aim_is_a_floor_or_a_ceiling() -> None:
    assert Figure("relay_ratio", [0.7], 0.8).missed
    assert not Figure("latency_p50_ratio", [1.2], 1.5, at_least=False).missed
    assert Figure("latency_p50_ratio", [1.6], 1.5, at_least=False).missed


def test_what_was_not_measured_is_null_and_says_why(tmp_path: Path) -> None:
    figures = [Figure("cold_start_s", note="not measured: no room"), Figure("relay_per_s", [3.0, 1.0, 2.0])]
    write(tmp_path / "bench.json", figures, {"cores": 2})
    written = json.loads((tmp_path / "bench.json").read_text())
    assert (written["cold_start_s"], written["relay_per_s"]) == (None, 2.0)
    assert written["reasons"] == {"cold_start_s": "not measured: no room"}
    assert "| `cold_start_s` | none |" in table(figures)


def test_a_percentile_of_few_values_is_one_of_them() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0
