"""What to put on next (节目建议)."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.intake.activities.actions.suggesting import programme
from services.intake.activities.routes.people import AgeLine, ReasonLine, SuggestionLine, Suggestions
from shared.contracts.vocabulary import name
from shared.security import permit
from shared.web import Call

router = APIRouter()


@router.get("/v1/programme-suggestions")
async def suggest_programme(
    call: Annotated[Call, permit("activities:suggest")],
    months: Annotated[int, Query(ge=1, le=24)] = 6,
) -> Suggestions:
    """Kinds of activities that residents want, each with the numbers that speak for it; and who came, by age band."""
    async with call.transaction() as session:
        found = await programme(session, call.now, months=months)
    language = call.language
    return Suggestions(
        months=months,
        suggestions=[
            SuggestionLine(
                kind=it.kind,
                kind_name=name("activity_kind", it.kind, language),
                points=it.points,
                reasons=[
                    ReasonLine(
                        code=reason.code,
                        name=name("suggestion_reason", reason.code, language),
                        number=reason.number,
                        points=reason.points,
                    )
                    for reason in it.reasons
                ],
            )
            for it in found.suggestions
        ],
        came=[
            AgeLine(kind=kind, band=band, name=name("age_band", band, language), people=people)
            for kind, bands in sorted(found.bands.items())
            for band, people in sorted(bands.items())
        ],
    )
