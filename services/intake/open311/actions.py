"""A request that came by Open311: filed like every other, with what the client said beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.anonymous.actions import holder_for
from services.intake.anonymous.rules import Complainant
from services.intake.desk import Desk
from services.intake.open311 import queries
from services.intake.open311.forms import Report
from services.intake.open311.refusals import AddressUnknown
from services.intake.open311.rules import Service
from services.intake.open311.tables import RequestReport
from services.intake.requests.actions.writing import write
from services.intake.requests.filing import Filing, Particulars, Words
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.tables import Request
from services.intake.residents import actions as residents
from services.intake.residents.keys import Holder, Keys
from services.intake.residents.queries import by_references, holders
from services.intake.residents.rules import ResidentErased
from shared.contracts.intake import Channel
from shared.database import scope_of
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Portal:
    """Whose key it is. Account ids are the portal's own, so two portals' do not meet."""

    actor: Actor
    source: str
    """Its name among the systems that number residents: `open311.<start of the key's id>`."""


async def file_report(
    session: AsyncSession,
    desk: Desk,
    service: Service,
    report: Report,
    *,
    answers: str | None,
    portal: Portal,
    now: datetime,
) -> Filing:
    """`answers` to the extra questions, packed. Raises AddressUnknown, InvalidValue, ResidentErased."""
    grid = await _grid(session, report.address_id)
    holder, complainant = await _holder(session, desk.keys, report, portal, now)
    words = Words(service.name, report.description or service.name, report.address, answers)
    said = Particulars(
        channel=Channel.PORTAL,
        category=service.code,
        on_behalf=complainant is Complainant.RESIDENT,
        complainant=complainant,
    )
    (filing,) = await desk.prepare(scope_of(session), [(holder, words, said)], now=now, by=portal.actor)
    if grid is not None and filing.particulars.place is None:
        filing = replace(filing, particulars=replace(filing.particulars, grid=grid))
    await write(session, [filing])
    await record(session, filing.event())
    sealed = holder.seal("request", filing.id, "report", json.dumps(_beside(report), ensure_ascii=False))
    await session.execute(insert(RequestReport).values(request=filing.id, sealed=sealed))
    return filing


async def read_report(
    session: AsyncSession, keys: Keys, request: Request, reading: residents.Reading
) -> Mapping[str, Any] | None:
    """What the client said beside the words; None where the resident was erased. The read is recorded.

    Raises RequestNotFound for a request that did not come by Open311.
    """
    sealed = await queries.report_of(session, request.id)
    if sealed is None:
        raise RequestNotFound
    holder = (await holders(session, keys, [request.resident])).get(request.resident)
    if holder is None:
        return None
    found: Mapping[str, Any] = json.loads(holder.open("request", request.id, "report", sealed))
    await residents.record_reads(session, [request.resident], ["request.report"], reading, request=request.id)
    return found


async def _grid(session: AsyncSession, address_id: str | None) -> UUID | None:
    """Our address ids are those of grids, as the public view shows them."""
    if address_id is None:
        return None
    try:
        grid = UUID(address_id)
    except ValueError:
        raise AddressUnknown(field="address_id") from None
    if not await queries.has_grid(session, grid):
        raise AddressUnknown(field="address_id")
    return grid


async def _holder(
    session: AsyncSession, keys: Keys, report: Report, portal: Portal, now: datetime
) -> tuple[Holder, Complainant]:
    if not report.says_who:
        return await holder_for(session, keys, Complainant.ANONYMOUS, now=now), Complainant.ANONYMOUS
    external = None
    if report.account_id is not None:
        external = residents.ExternalReference(portal.source, report.account_id)
        known = await by_references(session, keys, portal.source, [report.account_id])
        if known:
            resident = known[report.account_id]
            found = await holders(session, keys, [resident])
            if resident not in found:
                raise ResidentErased
            return found[resident], Complainant.RESIDENT
    contact = residents.Contact(name=report.name, phone=report.phone, email=report.email)
    holder = await residents.create(session, keys, residents.Profile(contact), now=now, external=external)
    return holder, Complainant.RESIDENT


def _beside(report: Report) -> Mapping[str, Any]:
    return {
        "lat": report.latitude,
        "long": report.longitude,
        "address_id": report.address_id,
        "media_url": report.media_url,
    }
