"""Everything that is read out of a message at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.addressing import Address, parse
from shared.understanding.belonging import NOBODY, Belonging, belonging_of
from shared.understanding.classifier import Classifier, Guess
from shared.understanding.conditions import Condition, conditions_of
from shared.understanding.places import Place, place_in
from shared.understanding.terms import Said
from shared.understanding.urgency import Urgent, urgency_of

_DOUBTFUL = frozenset({Condition.TOO_SHORT, Condition.OTHER_LANGUAGE, Condition.NO_CONCERN})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says, as a machine reads it. All of it is a proposal."""

    guesses: Sequence[Guess]
    """Categories, the best first."""
    words: Sequence[str]
    """The terms that decided on the category; of a published list, never a sentence of anybody's."""
    urgency: Urgent
    place: Place
    belonging: Belonging
    conditions: frozenset[Condition]

    @property
    def category(self) -> str:
        return self.guesses[0].category

    @property
    def confidence(self) -> float:
        """That the first level is right, 0 to 1. Zero where the message cannot be judged by a machine."""
        if self.conditions & _DOUBTFUL or not self.words:
            return 0.0
        return self.guesses[0].confidence


class Understanding:
    """Reads messages with one classifier."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def read(self, subject: str, body: str, address: str | None = None) -> Reading:
        """Never fails, whatever the text. About half a millisecond for 300 characters."""
        said = Said.of(subject, body)
        classified = self.classifier.classified(said)
        conditions = conditions_of(said)
        return Reading(
            guesses=classified.guesses,
            words=classified.words,
            urgency=urgency_of(said),
            place=place_in(subject, body, address),
            belonging=NOBODY
            if Condition.NO_CONCERN in conditions
            else belonging_of(classified.best.category),
            conditions=conditions,
        )


__all__ = ["Address", "Reading", "Understanding", "parse"]
