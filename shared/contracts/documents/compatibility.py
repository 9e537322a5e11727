"""Whether a changed schema still suits everyone: readers of the old one, and readers of old events.

Events are kept for replay, so both directions count. What is left is small and safe: new optional fields and
better descriptions. Anything else is a new `version` of the event.
"""

from typing import Any

Schema = dict[str, Any]
_WORDS = frozenset({"description", "title", "default", "examples"})


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why the change would break somebody, a line each; empty if it would not."""
    before, after = old["properties"], new["properties"]
    problems = [f"{name}: removed" for name in before if name not in after]
    problems += [
        f"{name}: its type or limits changed"
        for name in before
        if name in after and _meaning(before[name], old) != _meaning(after[name], new)
    ]
    was, now = set(old["required"]), set(new["required"])
    problems += [f"{name}: required, and older events lack it" for name in sorted(now - was)]
    problems += [
        f"{name}: no longer required, and readers rely on it" for name in sorted(was - now) if name in after
    ]
    return problems


def _meaning(part: Any, whole: Schema) -> Any:
    """A schema without its words, with references resolved."""
    if isinstance(part, dict):
        if "$ref" in part:
            target = whole["$defs"][part["$ref"].rsplit("/", 1)[-1]]
            return _meaning({**target, **{key: value for key, value in part.items() if key != "$ref"}}, whole)
        return {key: _meaning(value, whole) for key, value in sorted(part.items()) if key not in _WORDS}
    if isinstance(part, list):
        return [_meaning(item, whole) for item in part]
    return part
