"""What a refused move says, whatever it is of: the state, the move, and what is allowed instead, in both languages."""

from collections.abc import Iterable

from shared.contracts.vocabulary import name


def refusal_words(noun: str, state: str, move: str, allowed: Iterable[str]) -> dict[str, str]:
    """The params of an IllegalMove. The words are those of the vocabularies `<noun>_state` and `<noun>_move`."""
    moves = tuple(allowed)
    zh, en = ([name(f"{noun}_move", each, language) for each in moves] for language in ("zh", "en"))
    return {
        "noun": noun,
        "state": state,
        "move": move,
        "allowed": ",".join(moves),
        "state_zh": name(f"{noun}_state", state, "zh"),
        "state_en": name(f"{noun}_state", state, "en"),
        "move_zh": name(f"{noun}_move", move, "zh"),
        "move_en": name(f"{noun}_move", move, "en"),
        "allowed_zh": "、".join(zh) or "无",
        "allowed_en": ", ".join(en) or "nothing any more",
    }
