"""Settled ledgers for everybody."""

from collections import Counter
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.intake.desk import Desk
from services.intake.ledgers import queries, rules
from services.intake.ledgers.routes.schemas import OpenLedger, Sum, TotalsBody, reversals
from services.intake.ledgers.rules import Account, LedgerNotFound
from shared.contracts.vocabulary import name
from shared.security import public_route
from shared.tenants import UnknownTenant
from shared.web import Visitor, provided, refuses

router = APIRouter()


@router.get(
    "/v1/public/{community}/activities/{activity}/ledger", responses=refuses(UnknownTenant, LedgerNotFound)
)
async def read_open_ledger(
    visitor: Annotated[Visitor, public_route()],
    community: Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{1,30}$")],
    activity: UUID,
    desk: Annotated[Desk, provided(Desk)],
) -> OpenLedger:
    """What an activity cost and who paid for it, once it is settled; bodies by name, people only in the sums."""
    if not desk.policies.knows(community):
        raise UnknownTenant
    async with desk.database.transaction(community) as session:
        ledger = await queries.one(session, activity)
        if ledger.settled is None:
            raise LedgerNotFound
        rows = await queries.rows(session, activity)
    reversed_ = reversals(rows)
    standing = [row for row in rows if row.reverses is None and row.number not in reversed_]
    spent = Counter[str]()
    for row in standing:
        if row.debit == Account.COST:
            spent[row.purpose or "other"] += row.amount
    return OpenLedger(
        activity=activity,
        settled=ledger.settled,
        totals=TotalsBody.of(rules.sums([queries.line_of(row) for row in rows])),
        purposes=[
            Sum(code=code, name=name("ledger_purpose", code, visitor.language), amount=amount)
            for code, amount in spent.most_common()
        ],
        sponsors=sorted({row.party for row in standing if row.party and row.kind == "sponsor"}),
    )
