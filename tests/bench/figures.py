"""Figures: one value a round, an aim, and a plain reason where a figure could not be measured."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`values` has one for each round. A figure without values has a `note` that says why."""

    name: str
    values: Sequence[float] = ()
    aim: float | None = None
    at_least: bool = True
    """The aim is a floor; otherwise a ceiling."""
    note: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    """For a figure that is one number for each of several things."""

    @property
    def middle(self) -> float | None:
        return median(self.values) if self.values else None

    @property
    def missed(self) -> bool:
        if self.aim is None or self.middle is None:
            return False
        return self.middle < self.aim if self.at_least else self.middle > self.aim

    def as_json(self) -> Any:
        """The median, or a number for each part, or null."""
        if self.parts:
            return dict(self.parts)
        return None if self.middle is None else round(self.middle, 4)


def ratios(
    name: str, ours: Sequence[float], bare: Sequence[float], aim: float | None = None, **more: Any
) -> Figure:
    """Ours to bare, round by round, so that a change of the machine's speed counts for both."""
    pairs = zip(ours, bare, strict=True)
    return Figure(name, [mine / theirs for mine, theirs in pairs], aim, **more)


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def table(figures: Sequence[Figure]) -> str:
    """A table in Markdown, ratios first."""
    lines = ["| figure | median | range | aim | |", "|---|---:|---|---|---|"]
    for figure in sorted(figures, key=lambda one: not one.name.endswith("ratio")):
        aim = "" if figure.aim is None else f"{'≥' if figure.at_least else '≤'} {figure.aim:g}"
        said = ", ".join(filter(None, ["**missed**" if figure.missed else "", figure.note]))
        if figure.parts:
            shown = ", ".join(f"{name} {value:.0f}" for name, value in figure.parts.items())
            said = "; ".join(filter(None, [shown, said]))
        middle = "none" if figure.middle is None else _short(figure.middle)
        span = f"{_short(min(figure.values))} to {_short(max(figure.values))}" if figure.values else ""
        lines.append(f"| `{figure.name}` | {middle} | {span} | {aim} | {said} |")
    return "\n".join(lines)


def write(file: Path, figures: Sequence[Figure], about: Mapping[str, Any]) -> None:
    """`build/bench.json`: a key for each figure; beside them the rounds, the reasons and the circumstances."""
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        **{figure.name: figure.as_json() for figure in figures},
        "rounds": {figure.name: [round(value, 4) for value in figure.values] for figure in figures},
        "reasons": {figure.name: figure.note for figure in figures if figure.note},
        "missed": [figure.name for figure in figures if figure.missed],
        "about": dict(about),
    }
    file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
