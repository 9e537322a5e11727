"""Prometheus' own programs, where this machine has them (Debian: `prometheus`), and reading what is written for it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.requirements import missing

OBSERVE = Path(__file__).parents[2] / "deploy" / "observe"
RULES = OBSERVE / "prometheus" / "rules"

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^{}]*)\}")
_LABEL = re.compile(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_RANGE = re.compile(r"\[[^\[\]]*\]")
_WORD = re.compile(r"(?<![\w:$.])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
_KEYWORDS = frozenset(
    {"and", "or", "unless", "offset", "bool", "by", "on", "inf", "nan", "group_left", "group_right"}
)
# What Grafana puts in itself.
_VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$app": ".*"}


def program(name: str) -> str:
    """Path of `prometheus` or `promtool`: on the path, or in the folder that LONGXI_PROMETHEUS_BIN names."""
    found = shutil.which(name, path=os.environ.get("LONGXI_PROMETHEUS_BIN")) or shutil.which(name)
    return found or missing(
        name, "install Debian's package prometheus, or set LONGXI_PROMETHEUS_BIN to a folder"
    )


def promtool(*arguments: str | Path) -> str:
    """Run it; its output, of which a failure of the test says all."""
    done = subprocess.run(
        [program("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric in an expression, and the labels that it is selected by."""

    metric: str
    labels: frozenset[str]


def selectors(expression: str) -> Iterator[Selector]:
    """Every metric that a PromQL expression names. No parser: `promtool` is the one that says whether it is one."""
    bare = _STRING.sub('""', expression)
    for name, matchers in _SELECTOR.findall(bare):
        yield Selector(name, frozenset(_LABEL.findall(matchers)))
    rest = _RANGE.sub("", _GROUPING.sub("", _SELECTOR.sub(" ", bare)))
    for word in _WORD.findall(rest):
        if word.lower() not in _KEYWORDS:
            yield Selector(word, frozenset())


def rules() -> Sequence[dict[str, Any]]:
    """All recording and alerting rules."""
    found: list[dict[str, Any]] = []
    for path in sorted(RULES.glob("*.yml")):
        for group in read_yaml(path)["groups"]:
            found += group["rules"]
    return found


def filled_in(expression: str) -> str:
    """A dashboard's expression with values for Grafana's variables."""
    for variable, value in _VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
