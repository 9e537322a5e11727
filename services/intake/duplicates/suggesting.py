"""The requests that are offered to be joined, for the search's own paths and for the receipt of a filing."""

from collections.abc import Sequence
from uuid import UUID

from services.intake.desk import Desk
from services.intake.duplicates import queries
from services.intake.duplicates.queries import Similar
from services.intake.duplicates.rules.likeness import Case
from services.intake.requests.filing import Filing, Words
from services.intake.requests.rules import State

RECEIPT = 3
"""On a receipt; more than that nobody reads at the moment of filing."""


async def suggested(
    desk: Desk, tenant: str, case: Case, *, but: UUID | None = None, most: int
) -> Sequence[Similar]:
    """Those from the community's score on, withdrawn and rejected ones left out, the most alike first."""
    terms = desk.policies.of(tenant).duplicates
    found = await queries.similar(
        desk.database, tenant, case, but=but, least=terms.offered, most=queries.CANDIDATES
    )
    return [one for one in found if one.state not in {State.WITHDRAWN, State.REJECTED}][:most]


async def suggested_for(desk: Desk, tenant: str, filing: Filing, words: Words) -> Sequence[Similar]:
    """Beside a filing."""
    said = filing.particulars
    print = desk.printers.of(tenant).of(words.subject, words.body, words.address)
    case = Case(print, filing.filed, said.category, said.grid, said.place)
    return await suggested(desk, tenant, case, but=filing.id, most=RECEIPT)
