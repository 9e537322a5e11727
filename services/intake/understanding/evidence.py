"""The words that decided a reading: runs of what a resident wrote, so kept encrypted beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from shared.understanding import Reading


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words of a request that speak for its proposed category and urgency."""

    words: Sequence[str] = ()
    urgency_words: Sequence[str] = ()

    @classmethod
    def of(cls, reading: Reading) -> "Evidence":
        return cls(reading.words, reading.urgency.words)

    @classmethod
    def unpacked(cls, text: str) -> "Evidence":
        return cls(*orjson.loads(text))

    def packed(self) -> str:
        return orjson.dumps([self.words, self.urgency_words]).decode()
