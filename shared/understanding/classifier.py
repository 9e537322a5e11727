"""The classifier of categories: a linear model over terms, small enough to be read.

Each term found adds its weight, times the logarithm of how often it stands there (in the subject eight times as much),
to the first-level categories that it speaks for. The scores, taken as a direction, go through a matrix that was fitted
to labelled messages, and a softmax with a temperature gives probabilities. Below the first level the terms' own scores
decide.

Without labels at all (the matrix being the identity) the same terms reach about the floor of a trained SVM of character
n-grams; see docs/figures/classifier.md.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from shared.contracts.vocabulary import codes
from shared.understanding.terms import OTHER, Finder, Said

MODEL = Path(__file__).with_name("model.json")
SUBJECT_WEIGHT = 8
_WORDS = 5
_GUESSES = 3


@dataclass(frozen=True, slots=True)
class Guess:
    """A category (2, 4 or 6 digits) with its probability from 0 to 1: that the first level is right."""

    category: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Classified:
    guesses: tuple[Guess, ...]
    """The best first; the others are of other first levels."""
    words: tuple[str, ...]
    """The terms that decided, the weightiest first; none where nothing was found."""

    @property
    def best(self) -> Guess:
        return self.guesses[0]


@dataclass(frozen=True, slots=True)
class Found:
    """What a text gives the model: the weighted terms, the score of each code, the direction of the first level."""

    terms: Mapping[str, float]
    scores: Mapping[str, float]
    direction: tuple[float, ...]


class _Speech(NamedTuple):
    """What a term says each time: to first levels, by their place, and to the codes that it speaks for."""

    levels: tuple[tuple[int, float], ...]
    codes: tuple[tuple[str, float], ...]


class Classifier:
    """Raises ValueError, naming what is wrong, for a model that is none."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._model = model
        try:
            self.version = str(model["version"])
            self.levels: tuple[str, ...] = tuple(model["levels"])
            self._weights = {str(term): float(weight) for term, (weight, _) in model["terms"].items()}
            self._codes = {str(term): tuple(map(str, codes)) for term, (_, codes) in model["terms"].items()}
            self._matrix = [[float(value) for value in row] for row in model["matrix"]]
            self._bias = [float(value) for value in model["bias"]]
            self._temperature = float(model["temperature"])
            self._learned = {
                str(term): {str(code): float(value) for code, value in row.items()}
                for term, row in model.get("learned", {}).items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise ValueError(f"not a model of categories: {fault!r}") from None
        size = len(self.levels)
        if len(self._bias) != size or any(len(row) != size for row in self._matrix) or self._temperature <= 0:
            raise ValueError("not a model of categories: its parts do not fit together")
        self._place = {level: number for number, level in enumerate(self.levels)}
        self._speech = {term: self._speech_of(term) for term in self._codes}
        self._finder = Finder([*self._weights, *self._learned])

    def changed(self, *, version: str, by: Mapping[str, Any]) -> "Classifier":
        """The same terms with another `matrix`, `bias`, `temperature` and `learned`: a model trained on top."""
        changes = {part: by[part] for part in ("matrix", "bias", "temperature", "learned") if part in by}
        return Classifier({**self._model, **changes, "version": version})

    def knows(self, term: str) -> bool:
        """Whether the glossary or the taxonomy has the term, in its normal form."""
        return term in self._codes

    @property
    def matrix(self) -> Sequence[Sequence[float]]:
        """From the direction of the first level to its logits: a row for each of `levels`."""
        return self._matrix

    @property
    def bias(self) -> Sequence[float]:
        return self._bias

    @property
    def temperature(self) -> float:
        return self._temperature

    def classify(self, subject: str, body: str) -> Classified:
        """Never fails; with no term found, the guess is the commonest category with its low probability."""
        return self.classified(Said.of(subject, body))

    def classified(self, said: Said) -> Classified:
        found = self._find(said)
        shares = softmax([each / self._temperature for each in self.logits(found)])
        order = sorted(range(len(shares)), key=shares.__getitem__, reverse=True)[:_GUESSES]
        guesses = tuple(Guess(self._below(self.levels[each], found.scores), shares[each]) for each in order)
        return Classified(guesses, self._deciding(self.levels[order[0]], found))

    def find(self, subject: str, body: str) -> Found:
        return self._find(Said.of(subject, body))

    def _find(self, said: Said) -> Found:
        in_subject, in_body = self._finder.count(said.subject), self._finder.count(said.body)
        terms: dict[str, float] = {}
        scores: dict[str, float] = {}
        direction = [0.0] * len(self.levels)
        for term in in_subject.keys() | in_body.keys():
            often = math.log1p(SUBJECT_WEIGHT * in_subject.get(term, 0) + in_body.get(term, 0))
            terms[term] = often
            speech = self._speech.get(term)
            if speech is None:
                continue
            for place, share in speech.levels:
                direction[place] += often * share
            for code, share in speech.codes:
                scores[code] = scores.get(code, 0.0) + often * share
        length = math.sqrt(sum(value * value for value in direction)) or 1.0
        return Found(terms, scores, tuple(value / length for value in direction))

    def logits(self, found: Found) -> list[float]:
        """One for each of `levels`, before the temperature."""
        used = [(place, value) for place, value in enumerate(found.direction) if value]
        result = [
            bias + sum([row[place] * value for place, value in used])
            for bias, row in zip(self._bias, self._matrix, strict=True)
        ]
        for term, often in found.terms.items() if self._learned else ():
            for code, weight in self._learned.get(term, {}).items():
                result[self._place[code]] += weight * often
        return result

    def _speech_of(self, term: str) -> "_Speech":
        weight, codes = self._weights[term], self._codes[term]
        firsts = sorted({code[:2] for code in codes})
        return _Speech(
            tuple((self._place[first], weight / len(firsts)) for first in firsts),
            tuple((code, weight / len(codes)) for code in codes),
        )

    def _below(self, level: str, scores: Mapping[str, float]) -> str:
        """The narrowest category that the text speaks for, from a first level down; else what is called 其他."""
        for length in (4, 6):
            sums: dict[str, float] = {}
            for code, value in scores.items():
                if len(code) >= length and code.startswith(level):
                    sums[code[:length]] = sums.get(code[:length], 0.0) + value
            best = max(sorted(sums), key=sums.__getitem__) if sums else _others().get(level)
            if best is None:
                break
            level = best
        return level

    def _deciding(self, level: str, found: Found) -> tuple[str, ...]:
        """Of terms within others only the longest."""
        says = {
            term: often * share
            for term, often in found.terms.items()
            if (share := self._says(term, level)) > 0
        }
        words: list[str] = []
        for term in sorted(says, key=says.__getitem__, reverse=True):
            if not any(term in word or word in term for word in words):
                words.append(term)
            if len(words) == _WORDS:
                break
        return tuple(words)

    def _says(self, term: str, level: str) -> float:
        """How much a term says for a first level."""
        speech, place = self._speech.get(term), self._place[level]
        given = 0.0 if speech is None else sum([share for each, share in speech.levels if each == place])
        return given + max(self._learned.get(term, {}).get(level, 0.0), 0.0) if self._learned else given


@cache
def _others() -> Mapping[str, str]:
    """By category, the one right below it that is called 其他."""
    return {code[:-2]: code for code, (zh, _) in codes("category").items() if zh == OTHER}


def softmax(logits: Sequence[float]) -> list[float]:
    highest = max(logits)
    powers = [math.exp(each - highest) for each in logits]
    total = sum(powers)
    return [each / total for each in powers]


@cache
def shipped() -> Classifier:
    """The model that comes with the platform."""
    return Classifier(json.loads(MODEL.read_text(encoding="utf-8")))
