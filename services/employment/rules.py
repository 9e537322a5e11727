"""What the state machines of this service have in common."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from shared.contracts.vocabulary import name
from shared.refusals import IllegalMove, Language

S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)


class MoveRefused(IllegalMove):
    """IllegalMove in the words of the vocabulary: `<noun>_state` and `<noun>_move`."""

    zh = "当前状态为“{state}”，不能{move}；可以：{allowed}。"
    en = "What is {state} cannot {move}; it can: {allowed}."

    def __init__(self, *, noun: str, state: str, move: str, allowed: tuple[str, ...]) -> None:
        self._codes = (noun, state, move, allowed)
        super().__init__(noun=noun, state=state, move=move, allowed=", ".join(allowed))

    def message(self, language: Language) -> str:
        noun, state, move, allowed = self._codes
        moves = [name(f"{noun}_move", code, language) for code in allowed]
        words = {
            "state": name(f"{noun}_state", state, language),
            "move": name(f"{noun}_move", move, language),
            "allowed": ("、" if language == "zh" else ", ").join(moves)
            or ("无" if language == "zh" else "nothing"),
        }
        return (self.zh if language == "zh" else self.en).format(**words)


def moved(noun: str, moves: Mapping[M, tuple[frozenset[S], S | None]], state: S, move: M) -> S:
    """The state after a move; a target of None leaves it as it is. Raises MoveRefused.

    `moves` is the whole machine: for each move, the states that allow it and the state that follows.
    """
    allowed_in, target = moves[move]
    if state not in allowed_in:
        possible = tuple(str(other) for other, (states, _) in moves.items() if state in states)
        raise MoveRefused(noun=noun, state=state, move=move, allowed=possible)
    return state if target is None else target
