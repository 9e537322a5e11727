"""What a run came to: as JSON, and as tables for people."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults.facts import History
from tests.faults.plan import Kind
from tests.faults.run import Result

_SHOWN = 40


def report(result: Result, about: Mapping[str, Any]) -> dict[str, Any]:
    """Times in seconds. `about` says what was run, and on what."""
    state, history = result.state, result.history
    ids = Counter(event.id for event in state.published)
    copies = Counter(one.message for one in state.taken)
    waits = _waits(history)
    return {
        **about,
        "rounds": len(result.struck),
        "rounds_by_kind": _by_kind(result),
        "seconds": round(result.working_seconds, 1),
        "requests": len(state.requests),
        "cases_moved": len({call.about[0] for call in history.calls.values() if call.what == "accept"}),
        "events": len(state.recorded),
        "messages": len(state.told),
        "messages_by_channel": dict(Counter(one.channel for one in state.told)),
        "calls": len(history.calls),
        "calls_unanswered": sum(call.answered is None for call in history.calls.values()),
        "calls_repeated": sum(len(call.answers) > 1 for call in history.calls.values()),
        "client_retries": result.asked_again,
        "published_twice": sum(ids.values()) - len(ids),
        "sent_twice": {
            channel: sum(copies[one.id] > 1 for one in state.told if one.channel == channel)
            for channel in ("mail", "sms")
        },
        "message_retries": sum(one.attempts - 1 for one in state.told if one.attempts > 1),
        "counted_by_workers": {name: round(value) for name, value in sorted(result.counted.items())},
        "rest_after_last_fault_s": round(result.rest_seconds, 1),
        "acknowledged_p50_s": _share(waits, 0.5),
        "acknowledged_p99_s": _share(waits, 0.99),
        "acknowledged_slowest_s": _share(waits, 1.0),
        "violations": list(result.violations),
    }


def _by_kind(result: Result) -> dict[str, dict[str, int]]:
    kinds: dict[str, Counter[str]] = {}
    for one in result.struck:
        kinds.setdefault(one.round.kind.value, Counter())[one.round.victim] += 1
    return {kind: dict(sorted(kinds[kind].items())) for kind in sorted(kinds)}


def _waits(history: History) -> list[float]:
    """From the first asking to the answer, of those who were answered."""
    return sorted(call.answered - call.asked for call in history.calls.values() if call.answered is not None)


def _share(ordered: Sequence[float], share: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 3)


def table(figures: Mapping[str, Any]) -> str:
    """Faults by kind and by part, then the figures."""
    lines = [f"{'fault':<30} rounds  of"]
    for kind, victims in figures["rounds_by_kind"].items():
        words = ", ".join(f"{victim} {count}" for victim, count in grouped(kind, victims).items())
        lines.append(f"{kind:<30} {sum(victims.values()):>6}  {words}")
    lines.append("")
    for name, value in figures.items():
        if name in {"rounds_by_kind", "violations"}:
            continue
        if isinstance(value, Mapping):
            value = ", ".join(f"{part} {number}" for part, number in value.items())  # noqa: PLW2901
        lines.append(f"{name.replace('_', ' '):<30} {value}")
    found = figures["violations"]
    lines.append(f"{'violations':<30} {len(found) or 'none'}")
    lines += [f"  {one}" for one in found[:_SHOWN]]
    return "\n".join(lines)


def grouped(kind: str, victims: Mapping[str, int]) -> dict[str, int]:
    """Links by what they lead to, processes by what they are."""
    groups: Counter[str] = Counter()
    for victim, count in victims.items():
        service, _, part = victim.partition("-")
        of_link = kind in {Kind.CUT, Kind.HOLE, Kind.FORGET, Kind.SLOW}
        groups[f"to {part}" if of_link else (part or service)] += count
    return dict(sorted(groups.items()))


def write(file: Path, figures: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
