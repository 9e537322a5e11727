"""When a proposal stands by itself and when a person decides; what decisions say about the model. Plain Python."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from shared.refusals import Conflict
from shared.understanding import Reading


class Decided(StrEnum):
    AUTOMATIC = "automatic"
    """The model was sure enough."""
    FILER = "filer"
    """Whoever filed it had said the category."""
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"


class DecidedAlready(Conflict):
    type = "proposal-decided-already"
    zh = "该诉求的分类已由人员确认；如需更改，请调整诉求的分类。"
    en = "A person has decided on this category already; reclassify the request to change it."


@dataclass(frozen=True, slots=True)
class Terms:
    """What a community decides: `[<tenant>.intake.understanding]` over these defaults."""

    sure_percent: int = 70
    """From this confidence on (in hundredths) the proposed category is taken. 101: a person always decides."""
    train_from: int = 50
    """So many decisions by people are needed before a model of the community's own is trained."""

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> "Terms":
        """Raises ValueError that names the setting at fault."""
        known = {field.name: most for field, most in zip(fields(cls), (101, 1_000_000), strict=True)}
        for name, value in settings.items():
            if name not in known:
                raise ValueError(f"intake.understanding has no setting {name!r}")
            if type(value) is not int or not 0 <= value <= known[name]:
                raise ValueError(f"intake.understanding.{name}: a whole number from 0 to {known[name]}")
        return cls(**settings)  # type: ignore[arg-type]  # looked at above


@dataclass(frozen=True, slots=True)
class Proposal:
    """A reading of a request by a model, and whether it was taken."""

    model: str
    reading: Reading
    decided: Decided | None
    """None: it waits for a person."""

    @property
    def category(self) -> str | None:
        """The category that the request gets by it."""
        return self.reading.category if self.decided is Decided.AUTOMATIC else None


def propose(reading: Reading, *, model: str, terms: Terms) -> Proposal:
    sure = reading.confidence * 100 >= terms.sure_percent
    return Proposal(model, reading, Decided.AUTOMATIC if sure else None)


@dataclass(frozen=True, slots=True)
class Quality:
    """How often people agreed with a model; counted over what people decided, which is where it was unsure."""

    decided: int
    confirmed: int
    corrected: int
    waiting: int
    automatic: int
    confused: tuple[tuple[str, str, int], ...]
    """(proposed first level, decided first level, how often), the commonest first."""


def quality(rows: Iterable[tuple[str | None, str | None, str | None, int]]) -> Quality:
    """From (how decided, proposed, decided category, how many)."""
    by: Counter[str | None] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    for how, proposed, category, count in rows:
        by[how] += count
        if how == Decided.CORRECTED and proposed and category and proposed[:2] != category[:2]:
            confused[proposed[:2], category[:2]] += count
    return Quality(
        decided=by[Decided.CONFIRMED] + by[Decided.CORRECTED],
        confirmed=by[Decided.CONFIRMED],
        corrected=by[Decided.CORRECTED],
        waiting=by[None],
        automatic=by[Decided.AUTOMATIC],
        confused=tuple((*pair, times) for pair, times in confused.most_common(20)),
    )
