"""What travels about readings and models."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.intake.requests.routes.schemas import AddressText, Body, Category, Subject
from services.intake.requests.rules import State
from services.intake.understanding.evidence import Evidence
from services.intake.understanding.rules import Decided
from services.intake.understanding.tables import RequestReading
from services.intake.wire import word
from shared.contracts.intake import Urgency
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.understanding import Reading
from shared.understanding.belonging import Belongs, belonging_of
from shared.understanding.conditions import Condition
from shared.web import Model

VERSION = r"^[a-z0-9][a-z0-9_.-]*$"
"""How a model is called."""


class Said(Model):
    """A message, as somebody would file it."""

    subject: Subject
    body: Body
    address: AddressText | None = None


class GuessLine(Model):
    category: str
    category_name: str
    """All levels, the widest first: 城乡建设 / 城市建设和市政管理 / 路灯."""
    confidence: float
    """That the first level is right, 0 to 1."""


class ConditionLine(Model):
    condition: Condition
    name: str


class ReadingRecord(Model):
    """What a machine reads out of a request. A proposal, with the words that speak for it."""

    model: str
    """Version of the classifier."""
    guesses: list[GuessLine]
    """The best first."""
    confidence: float
    """Of the best; 0 where the message is too short, in another language, or no concern."""
    words: list[str]
    """Empty where the resident was erased or the words of the request are past their time."""
    urgency: Urgency
    urgency_words: list[str]
    belongs: Belongs
    """To the community, another department, or nobody."""
    belongs_name: str
    conditions: list[ConditionLine]
    """Why a person should look at it."""


class PlaceLine(Model):
    name: str | None
    road: str | None
    building: str | None
    codes: list[str]
    grid: UUID | None


class FreshReading(ReadingRecord):
    """Of words that are not filed."""

    place: PlaceLine
    would_take: bool
    """At this confidence the category would be taken without a person."""


class KeptReading(ReadingRecord):
    """Of a request, with what was decided."""

    request: UUID
    decided: Decided | None
    """None: it waits for a person."""
    decided_category: str | None
    decided_at: datetime | None


class WaitingLine(KeptReading):
    reference: str
    state: State
    filed: datetime
    due: datetime


class Decision(Model):
    category: Category
    """What it is: the proposed one confirms the proposal, another one corrects it."""
    urgency: Urgency | None = None


class DecisionMade(Model):
    request: UUID
    decided: Decided
    category: str


class ConfusedLine(Model):
    proposed: str
    proposed_name: str
    decided: str
    decided_name: str
    times: int


class QualityRecord(Model):
    """How people decided on proposals. They decide where the model was unsure, so this is no rate of all."""

    model: str | None
    decided: int
    confirmed: int
    corrected: int
    waiting: int
    automatic: int
    confused: list[ConfusedLine]


class ModelLine(Model):
    version: str
    created: datetime | None
    """None for the one that comes with the platform."""
    active: bool
    report: dict[str, Any] | None
    """`count`, `before` and `after` with macro F1 and accuracy on decisions held out."""


class Models(Model):
    models: list[ModelLine]


class Activation(Model):
    version: Annotated[str, Field(pattern=VERSION, max_length=48)] | None = None
    """None: the one that comes with the platform."""


def path_name(category: str, language: Language) -> str:
    """城乡建设 / 城市建设和市政管理 / 路灯."""
    return " / ".join(name("category", category[:end], language) for end in range(2, len(category) + 1, 2))


def fresh(
    model: str, reading: Reading, language: Language, *, would_take: bool, grid: UUID | None
) -> FreshReading:
    place = reading.place
    return FreshReading(
        model=model,
        guesses=_guesses([(each.category, each.confidence) for each in reading.guesses], language),
        confidence=reading.confidence,
        words=list(reading.words),
        urgency=reading.urgency.urgency,
        urgency_words=list(reading.urgency.words),
        belongs=reading.belonging.to,
        belongs_name=reading.belonging.zh if language == "zh" else reading.belonging.en,
        conditions=_conditions([each.value for each in reading.conditions], language),
        place=PlaceLine(
            name=place.name, road=place.road, building=place.building, codes=list(place.codes), grid=grid
        ),
        would_take=would_take,
    )


def facts(row: RequestReading, evidence: Evidence, language: Language) -> dict[str, Any]:
    """The fields of a `KeptReading`."""
    belongs = Belongs(row.belongs)
    to = belonging_of(row.category)
    who = (
        (to.zh if language == "zh" else to.en)
        if to.to is belongs
        else name("belongs", belongs.value, language)
    )
    return {
        "request": row.request,
        "model": row.model,
        "guesses": _guesses([(category, share) for category, share in row.guesses], language),
        "confidence": row.confidence,
        "words": list(evidence.words),
        "urgency": Urgency(row.urgency),
        "urgency_words": list(evidence.urgency_words),
        "belongs": belongs,
        "belongs_name": who,
        "conditions": _conditions(row.conditions, language),
        "decided": None if row.decided is None else Decided(row.decided),
        "decided_category": row.decided_category,
        "decided_at": row.decided_at,
    }


def _guesses(guesses: list[tuple[str, float]], language: Language) -> list[GuessLine]:
    return [
        GuessLine(category=category, category_name=path_name(category, language), confidence=round(share, 4))
        for category, share in guesses
    ]


def _conditions(found: list[str], language: Language) -> list[ConditionLine]:
    return [
        ConditionLine(condition=Condition(each), name=word("reading_condition", each, language) or each)
        for each in sorted(found)
    ]
