"""A similar request as it is shown."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.intake.duplicates.queries import Similar
from services.intake.duplicates.rules.joining import GOING_ON
from services.intake.duplicates.rules.likeness import Likeness, Sign
from services.intake.requests.rules import State
from services.intake.wire import word
from shared.refusals import Language
from shared.web import Model

_HERE = ZoneInfo("Asia/Shanghai")


class SimilarRequest(Model):
    """A request that seems to be about the same. Of somebody else's nothing more than this is shown, and no words."""

    reference: str
    """Its number: join to it with this."""
    category_name: str | None
    place: str | None
    """The name of the place, as on its door plate."""
    state: State
    state_name: str
    filed: date
    """The day on which it was filed."""
    score: float
    """How likely it is the same concern, 0 to 1."""
    because: list[Sign]
    """What spoke for it, the strongest first."""
    signs: dict[Sign, float]
    """What each contributed to the score's log odds."""
    may_join: bool
    """It goes on, so that another request may be joined to it."""
    id: UUID | None = None
    """For who works for the community, and of one's own."""


def shown(found: Similar, language: Language, *, own: UUID | None) -> SimilarRequest:
    """`own`: the resident who asks; None for who works for the community."""
    return SimilarRequest(
        reference=found.reference,
        category_name=word("category", found.category, language),
        place=found.place,
        state=found.state,
        state_name=word("request_state", found.state.value, language) or found.state.value,
        filed=_day(found.filed),
        score=round(found.likeness.score, 2),
        because=list(found.likeness.spoke_for),
        signs=_rounded(found.likeness),
        may_join=not found.history and (found.state in GOING_ON or found.duplicate_of is not None),
        id=found.id if own in {None, found.resident} else None,
    )


def _day(at: datetime) -> date:
    return at.astimezone(_HERE).date()


def _rounded(likeness: Likeness) -> dict[Sign, float]:
    return {sign: round(value, 2) for sign, value in likeness.signs.items()}
