"""Every read of the Open311 view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.open311.tables import RequestReport
from services.intake.places.tables import GridPlace
from services.intake.requests.rules import State
from services.intake.requests.tables import Request, StoryEntry
from shared.database import among

_CHILDREN = "9999"  # a code's children begin with it and go on with digits


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is asked for."""

    references: tuple[str, ...] | None
    """These alone, whatever else is said; None for all."""
    services: tuple[str, ...]
    """Codes of two digits (what nobody has put more precisely) or four; none means all that is shown."""
    since: datetime
    until: datetime
    states: tuple[State, ...]


async def listing(
    session: AsyncSession, wanted: Wanted, withheld: Sequence[str], *, offset: int, limit: int
) -> Sequence[Request]:
    """The latest first. What is withheld, or has no category yet, is not there."""
    statement = _public(withheld)
    if wanted.references is not None:
        statement = statement.where(among(Request.reference, wanted.references))
    else:
        statement = statement.where(Request.filed.between(wanted.since, wanted.until))
        if wanted.services:
            statement = statement.where(or_(*(_of_service(code) for code in wanted.services)))
        if len(wanted.states) < len(State):
            statement = statement.where(Request.state.in_(wanted.states))
    statement = statement.order_by(Request.filed.desc(), Request.id.desc()).offset(offset).limit(limit)
    return (await session.scalars(statement)).all()


async def one(session: AsyncSession, reference: str, withheld: Sequence[str]) -> Request | None:
    row: Request | None = await session.scalar(_public(withheld).where(Request.reference == reference))
    return row


async def reference_of(session: AsyncSession, request: UUID) -> str | None:
    found: str | None = await session.scalar(select(Request.reference).where(Request.id == request))
    return found


async def changed(session: AsyncSession, requests: Sequence[UUID]) -> Mapping[UUID, datetime]:
    """When something happened to each for the last time."""
    statement = (
        select(StoryEntry.request, func.max(StoryEntry.at).label("at"))
        .where(among(StoryEntry.request, requests))
        .group_by(StoryEntry.request)
    )
    return {row.request: row.at for row in await session.execute(statement)}


async def stories(session: AsyncSession, requests: Sequence[UUID]) -> Mapping[UUID, Sequence[StoryEntry]]:
    """All entries of each, in order."""
    statement = select(StoryEntry).where(among(StoryEntry.request, requests))
    found: dict[UUID, list[StoryEntry]] = {request: [] for request in requests}
    for entry in await session.scalars(statement.order_by(StoryEntry.at, StoryEntry.id)):
        found[entry.request].append(entry)
    return found


async def has_grid(session: AsyncSession, grid: UUID) -> bool:
    return await session.scalar(select(GridPlace.grid).where(GridPlace.grid == grid)) is not None


async def report_of(session: AsyncSession, request: UUID) -> bytes | None:
    found: bytes | None = await session.scalar(
        select(RequestReport.sealed).where(RequestReport.request == request)
    )
    return found


async def reports_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[tuple[UUID, UUID, bytes]]:
    """Request, resident and what was sealed, of all requests of these residents, oldest first."""
    statement = (
        select(Request.id, Request.resident, RequestReport.sealed)
        .join(RequestReport, RequestReport.request == Request.id)
        .where(Request.resident.in_(residents))
        .order_by(Request.id)
    )
    return [(row.id, row.resident, row.sealed) for row in await session.execute(statement)]


def _public(withheld: Sequence[str]) -> Select[Request]:
    """As the index `ix_request_public` has it: of a category, and not of those that are withheld."""
    statement = select(Request).where(Request.category.is_not(None))
    for code in withheld:
        statement = statement.where(~Request.category.between(code, code + _CHILDREN))
    return statement


def _of_service(code: str) -> ColumnElement[bool]:
    if len(code) == 2:
        return Request.category == code
    if not code.isdigit():
        return false()
    return and_(Request.category >= code, Request.category <= code + _CHILDREN)
