"""The three rates for everybody."""

from typing import Annotated

from fastapi import APIRouter, Path

from services.intake.desk import Desk
from services.intake.rates import queries
from services.intake.rates.openness import LEAST, shown
from services.intake.rates.queries import Narrowed
from services.intake.rates.routes.schemas import Month, OpenLine, OpenRates, first_of
from services.intake.rates.tallies import By, Tally
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.security import public_route
from shared.tenants import UnknownTenant
from shared.web import Visitor, provided, refuses

router = APIRouter()


@router.get("/v1/public/{community}/rates", responses=refuses(UnknownTenant))
async def read_open_rates(
    visitor: Annotated[Visitor, public_route()],
    community: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,30}$")],
    month: Month,
    desk: Annotated[Desk, provided(Desk)],
) -> OpenRates:
    """A community's rates in a month, and by category, as far as enough call-backs stand behind them."""
    if not desk.policies.knows(community):
        raise UnknownTenant
    day = first_of(month)
    async with desk.database.transaction(community) as session:
        total = (await queries.tallies(session, day, day, By.COMMUNITY, Narrowed())).get("", Tally())
        by_category = await queries.tallies(session, day, day, By.LEVEL_1, Narrowed())
    rated = {key: line for key, line in by_category.items() if line.rated}
    lines = shown(rated) if total.rated >= LEAST else {}
    every = {"": total, **lines} if total.rated >= LEAST else {}
    return OpenRates(
        community=community,
        month=month,
        lines=[_line(key, tally, visitor.language) for key, tally in every.items()],
        suppressed=len(rated) - len(lines),
    )


def _line(key: str, tally: Tally, language: Language) -> OpenLine:
    everything = "全部" if language == "zh" else "all"
    return OpenLine(
        key=key,
        name=name("category", key, language) if key else everything,
        rated=tally.rated,
        response_rate=round(tally.responded / tally.rated, 3),
        resolution_rate=round(tally.resolved / tally.rated, 3),
        satisfaction_rate=round(tally.satisfied / tally.rated, 3),
        excluded=tally.excluded.total() if tally.excluded.total() >= LEAST else 0,
    )
