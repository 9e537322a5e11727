"""What a person said by Open311 beside the words, as it is exported."""

import json
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.open311 import queries
from services.intake.residents.belongings import Belonging, Item, Person, nothing_to_erase


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    return [
        {"request": request, **json.loads(person.holder(resident).open("request", request, "report", sealed))}
        for request, resident, sealed in await queries.reports_of(session, person.residents)
    ]


BELONGING = Belonging(
    "open311_reports", "Open311 提交内容", "Open311 reports", export=_export, erase=nothing_to_erase
)
