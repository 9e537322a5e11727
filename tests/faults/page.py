"""`python -m tests.faults.page`: the page of a run's figures, docs/figures/deaths.md, from build/faults.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.faults.report import grouped

RESULTS, PAGE = Path("build/faults.json"), Path("docs/figures/deaths.md")
_FIGURES = (
    ("requests", "requests filed"),
    ("cases_moved", "cases that workers moved"),
    ("events", "events"),
    ("messages", "messages to people"),
    ("calls", "calls of clients"),
    ("client_retries", "tries of clients beyond the first"),
    ("calls_unanswered", "calls whose client gave up"),
    ("calls_repeated", "calls repeated with the same key"),
    ("published_twice", "events that the log has twice"),
    ("message_retries", "attempts at messages beyond the first"),
    ("rest_after_last_fault_s", "seconds from the last fault to rest"),
    ("acknowledged_p50_s", "seconds to an answer, median"),
    ("acknowledged_p99_s", "seconds to an answer, 99 of 100"),
    ("acknowledged_slowest_s", "seconds to an answer, slowest"),
)


def page(figures: Mapping[str, Any]) -> str:
    """Markdown."""
    faults = [
        f"| {kind} | {sum(victims.values())} | "
        + ", ".join(f"{part} {count}" for part, count in grouped(kind, victims).items())
        + " |"
        for kind, victims in figures["rounds_by_kind"].items()
    ]
    rows = [f"| {words} | {figures[name]:,} |" for name, words in _FIGURES if figures.get(name) is not None]
    duplicates = figures["counted_by_workers"].get("events duplicate", 0)
    twice = ", ".join(f"{channel} {count}" for channel, count in figures["sent_twice"].items())
    rows += [
        f"| duplicates that inboxes dropped, at least | {duplicates:,} |",
        f"| messages that went out twice, since an answer was lost | {twice} |",
        f"| promises broken | {len(figures['violations']) or 'none'} |",
    ]
    return "\n".join(
        [
            "# What dies, and what is there afterwards",
            "",
            f"{figures['rounds']} faults within {figures['seconds'] / 60:.0f} minutes while {figures['requests']:,} requests"
            f" ({figures['from']}) were filed and worked on: {figures['log']}, {figures['cores']} cores,"
            f" {figures['at'][:10]}, seed {figures['seed']}. Full disk: {figures['full_disk']}."
            " `make faults ROUNDS=200` does it again; what is promised, and how it is kept, says"
            " [Nothing is lost when a process dies](../invariants/nothing-is-lost-when-a-process-dies.md).",
            "",
            "| fault | rounds | of |",
            "|---|---:|---|",
            *faults,
            "",
            "| | |",
            "|---|---:|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(json.loads(RESULTS.read_text())), encoding="utf-8")
