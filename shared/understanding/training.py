"""Fitting the classifier to labelled messages, and judging it by messages that it has not seen.

Plain Python: a thousand labelled messages take seconds, and nothing has to be installed. What is fitted is a matrix from
first-level scores to first-level logits, by maximum a posteriori: its prior is a multiple of the identity, which is what
the glossary alone would do, so that few labels change little and many change much.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from shared.contracts.vocabulary import codes
from shared.understanding.classifier import Classifier, Found, softmax
from shared.understanding.terms import Finder, normal, speaking
from shared.understanding.words import new_words

_PRIOR = 6.0
"""The prior's multiple of the identity."""
_STRENGTH = 0.01
"""Of the prior, per label: how much a departure from it has to earn. Chosen by cross-validation."""
_ROUNDS = 200
_RATE = 0.5
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Message:
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Labelled:
    message: Message
    level: str
    """Two digits: the first-level category."""


@dataclass(frozen=True, slots=True)
class Report:
    """How well a way of training predicts what it has not seen."""

    count: int
    macro_f1: float
    accuracy: float
    calibration_error: float
    """Expected calibration error over ten bins of confidence: the mean distance of confidence and accuracy."""
    by_level: Mapping[str, tuple[float, int]]
    """F1 and number of messages of each first-level category that occurs."""
    confused: Sequence[tuple[str, str, int]]
    """(is, was taken for, how often), the commonest first."""


def levels() -> tuple[str, ...]:
    return tuple(code for code in codes("category") if len(code) == 2)


def term_weights(messages: Iterable[Message]) -> Mapping[str, float]:
    """How much each term says: the square root of its length times how rare it is (inverse document frequency)."""
    terms = speaking()
    finder = Finder(terms)
    seen: Counter[str] = Counter()
    count = 0
    for message in messages:
        seen.update(finder.count(normal(f"{message.subject}\n{message.body}")).keys())
        count += 1
    return {
        term: math.sqrt(len(term) * math.log((1 + count) / (1 + seen[term]))) if count else 1.0
        for term in terms
    }


def train(labelled: Sequence[Labelled], unlabelled: Sequence[Message], *, version: str) -> dict[str, Any]:
    """A model as `Classifier` takes it. Without labels it is what the glossary says."""
    weights = term_weights([*unlabelled, *(each.message for each in labelled)])
    model = _model(weights, version)
    fitted = _fitted(Classifier(model), labelled)
    matrix, bias = fitted
    model["matrix"] = [[round(value, 4) for value in row] for row in matrix]
    model["bias"] = [round(value, 4) for value in bias]
    model["temperature"] = _temperature(labelled, weights) if labelled else 1.0
    return model


def evaluate(
    labelled: Sequence[Labelled], unlabelled: Sequence[Message], *, folds: int = _FOLDS, repeats: int = 3
) -> Report:
    """Stratified cross-validation: each label is predicted by a model that has not seen it, `repeats` times."""
    pairs: list[tuple[str, list[float]]] = []
    weights = term_weights([*unlabelled, *(each.message for each in labelled)])
    for repeat in range(repeats):
        for held, rest in _folds(labelled, folds, seed=repeat):
            temperature = _temperature(rest, weights)
            pairs += [
                (level, [each / temperature for each in logits])
                for level, logits in _predicted(held, rest, weights)
            ]
    return judge([(level, softmax(logits)) for level, logits in pairs])


@dataclass(frozen=True, slots=True)
class TrainedOnTop:
    """A model that changes another one's matrix and adds what people's decisions taught."""

    version: str
    changes: Mapping[str, Any]
    """For `Classifier.changed`."""
    report: Mapping[str, Any]
    """`count`, and macro F1 and accuracy `before` and `after`, on decisions that were held out."""
    better: bool
    """At least as good as before on what was held out."""


def train_on_top(base: Classifier, labelled: Sequence[Labelled], *, version: str) -> TrainedOnTop:
    """Learn from a community's own decisions what its people mean, and words that the glossary does not have.

    The decisions are of messages about which `base` was unsure, so they are no sample of all: the prior is `base`, and
    a word is learnt only where at least four messages have it.
    """
    before = judge([(each.level, _shares(base, each)) for each in labelled])
    predicted: list[tuple[str, Sequence[float]]] = []
    for held, rest in _folds(labelled, _FOLDS, seed=0):
        model = base.changed(version=version, by=_on_top(base, rest))
        predicted += [(each.level, _shares(model, each)) for each in held]
    after = judge(predicted)
    return TrainedOnTop(
        version=version,
        changes={**_on_top(base, labelled), "base": base.version},
        report={
            "count": len(labelled),
            "before": {"macro_f1": round(before.macro_f1, 4), "accuracy": round(before.accuracy, 4)},
            "after": {"macro_f1": round(after.macro_f1, 4), "accuracy": round(after.accuracy, 4)},
        },
        better=(after.accuracy, after.macro_f1) >= (before.accuracy, before.macro_f1),
    )


def judge(predicted: Sequence[tuple[str, Sequence[float]]]) -> Report:
    """From (what it is, the probability of each of `levels()`)."""
    names = levels()
    outcomes = [
        (level, names[max(range(len(names)), key=shares.__getitem__)], max(shares))
        for level, shares in predicted
    ]
    present = sorted({level for level, _, _ in outcomes})
    by_level = {
        level: (_f1(level, outcomes), sum(each[0] == level for each in outcomes)) for level in present
    }
    confused = Counter((level, taken) for level, taken, _ in outcomes if level != taken)
    right = sum(level == taken for level, taken, _ in outcomes)
    return Report(
        count=len(outcomes),
        macro_f1=sum(f1 for f1, _ in by_level.values()) / max(len(present), 1),
        accuracy=right / max(len(outcomes), 1),
        calibration_error=_calibration_error([(level == taken, share) for level, taken, share in outcomes]),
        by_level=by_level,
        confused=[(*pair, times) for pair, times in confused.most_common()],
    )


def _model(weights: Mapping[str, float], version: str) -> dict[str, Any]:
    names = levels()
    return {
        "version": version,
        "levels": list(names),
        "terms": {term: [round(weights[term], 3), list(codes)] for term, codes in speaking().items()},
        "matrix": [[_PRIOR * (row == column) for column in range(len(names))] for row in range(len(names))],
        "bias": [0.0] * len(names),
        "temperature": 1.0,
    }


Fit = tuple[list[list[float]], list[float]]


def _fitted(classifier: Classifier, labelled: Sequence[Labelled]) -> Fit:
    """The matrix and the bias, by gradient descent with momentum on the weighted likelihood and the prior.

    Each category counts the same, however many labels it has.
    """
    size = len(classifier.levels)
    matrix = [[_PRIOR * (row == column) for column in range(size)] for row in range(size)]
    bias = [0.0] * size
    if not labelled:
        return matrix, bias
    place = {level: number for number, level in enumerate(classifier.levels)}
    of_level = Counter(each.level for each in labelled)
    points = [
        (
            classifier.find(each.message.subject, each.message.body).direction,
            place[each.level],
            1 / (of_level[each.level] * len(of_level)),
        )
        for each in labelled
    ]
    speed = [[0.0] * (size + 1) for _ in range(size)]
    for _ in range(_ROUNDS):
        slope = [
            [_STRENGTH * (matrix[row][column] - _PRIOR * (row == column)) for column in range(size)]
            + [_STRENGTH * bias[row]]
            for row in range(size)
        ]
        for direction, level, weight in points:
            used = [(column, value) for column, value in enumerate(direction) if value]
            shares = softmax(
                [
                    bias[row] + sum(matrix[row][column] * value for column, value in used)
                    for row in range(size)
                ]
            )
            for row in range(size):
                off = weight * (shares[row] - (row == level))
                line = slope[row]
                for column, value in used:
                    line[column] += off * value
                line[size] += off
        for row in range(size):
            for column in range(size):
                speed[row][column] = 0.9 * speed[row][column] - _RATE * slope[row][column]
                matrix[row][column] += speed[row][column]
            speed[row][size] = 0.9 * speed[row][size] - _RATE * slope[row][size]
            bias[row] += speed[row][size]
    return matrix, bias


def _on_top(base: Classifier, labelled: Sequence[Labelled]) -> dict[str, Any]:
    """What is changed of `base`: weights of words that stand in decisions more for one category than for the others."""
    learned = new_words(base, labelled)
    return {
        "learned": {
            term: {code: round(value, 3) for code, value in row.items()} for term, row in learned.items()
        }
    }


def _shares(classifier: Classifier, labelled: Labelled) -> list[float]:
    logits = classifier.logits(_found(classifier, labelled))
    return softmax([each / classifier.temperature for each in logits])


def _predicted(
    held: Sequence[Labelled], rest: Sequence[Labelled], weights: Mapping[str, float]
) -> list[tuple[str, list[float]]]:
    """The logits of those held out, by a model fitted to the rest."""
    model = _model(weights, "held-out")
    model["matrix"], model["bias"] = _fitted(Classifier(model), rest)
    classifier = Classifier(model)
    return [(each.level, classifier.logits(_found(classifier, each))) for each in held]


def _found(classifier: Classifier, labelled: Labelled) -> Found:
    return classifier.find(labelled.message.subject, labelled.message.body)


def _temperature(labelled: Sequence[Labelled], weights: Mapping[str, float]) -> float:
    """The temperature under which held-out labels are likeliest (Guo and others, 2017), from 0.2 to 5."""
    outside = [
        pair for held, rest in _folds(labelled, _FOLDS, seed=99) for pair in _predicted(held, rest, weights)
    ]
    place = {level: number for number, level in enumerate(levels())}

    def loss(temperature: float) -> float:
        return -sum(
            math.log(max(softmax([each / temperature for each in logits])[place[level]], 1e-9))
            for level, logits in outside
        )

    return min((0.2 * 1.05**step for step in range(66)), key=loss)


def _folds(
    labelled: Sequence[Labelled], folds: int, *, seed: int
) -> Iterable[tuple[Sequence[Labelled], Sequence[Labelled]]]:
    """(held out, the rest) for each fold; each category is spread evenly."""
    by_level: dict[str, list[Labelled]] = {}
    for each in labelled:
        by_level.setdefault(each.level, []).append(each)
    parts: list[list[Labelled]] = [[] for _ in range(folds)]
    at = 0
    for level in sorted(by_level):
        shuffled = list(by_level[level])
        Random(seed).shuffle(shuffled)  # noqa: S311 - a split that can be repeated, no secret
        for each in shuffled:
            parts[at % folds].append(each)
            at += 1
    for number, held in enumerate(parts):
        yield held, [each for other, part in enumerate(parts) if other != number for each in part]


def _f1(level: str, outcomes: Sequence[tuple[str, str, float]]) -> float:
    hit = sum(each == level == taken for each, taken, _ in outcomes)
    wrong = sum((each == level) != (taken == level) for each, taken, _ in outcomes)
    return 2 * hit / (2 * hit + wrong) if hit else 0.0


def _calibration_error(outcomes: Sequence[tuple[bool, float]], bins: int = 10) -> float:
    error = 0.0
    for number in range(bins):
        inside = [(right, share) for right, share in outcomes if number / bins < share <= (number + 1) / bins]
        if inside:
            accuracy = sum(right for right, _ in inside) / len(inside)
            confidence = sum(share for _, share in inside) / len(inside)
            error += len(inside) / len(outcomes) * abs(accuracy - confidence)
    return error
