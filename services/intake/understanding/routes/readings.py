"""Readings of requests: trying one out, seeing one, deciding on one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.reclassifying import RelaxingForTheHead, UrgencySettled
from services.intake.requests.rules import IllegalRequestMove, State
from services.intake.requests.tables import Request
from services.intake.understanding import actions, queries
from services.intake.understanding.evidence import Evidence
from services.intake.understanding.queries import NotRead
from services.intake.understanding.routes.schemas import (
    Decision,
    DecisionMade,
    FreshReading,
    KeptReading,
    Said,
    WaitingLine,
    facts,
    fresh,
)
from services.intake.understanding.rules import Decided, DecidedAlready, propose
from services.intake.understanding.tables import RequestReading
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter()


@router.post("/v1/understanding/read")
async def read_message(
    body: Said,
    call: Annotated[Call, permit("understanding:try")],
    desk: Annotated[Desk, provided(Desk)],
) -> FreshReading:
    """Before filing: what a machine makes of these words. Writes nothing."""
    model, reading = await desk.readers.read(call.tenant, body)
    proposal = propose(reading, model=model, terms=desk.policies.of(call.tenant).understanding)
    place = await desk.grids.place(call.tenant, body.address or reading.place.name)
    return fresh(
        model,
        reading,
        call.language,
        would_take=proposal.decided is Decided.AUTOMATIC,
        grid=place.grid if place.place is not None else None,
    )


@router.get("/v1/requests/{id}/understanding", responses=refuses(NotRead))
async def read_reading(
    id: UUID,
    call: Annotated[Call, permit("understanding:read")],
    desk: Annotated[Desk, provided(Desk)],
) -> KeptReading:
    """What was proposed for a request, with the words that decided, and what a person made of it."""
    async with call.transaction() as session:
        row = await queries.one(session, id)
        evidence = await queries.evidence(session, desk.keys, [id])
    return KeptReading(**facts(row, evidence.get(id, Evidence()), call.language))


@router.get("/v1/understanding/waiting")
async def list_waiting(
    call: Annotated[Call, permit("understanding:read")],
    desk: Annotated[Desk, provided(Desk)],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[WaitingLine]:
    """Requests whose category waits for a person, the oldest first."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.waiting(session, after=after, limit=limit + 1)
        evidence = await queries.evidence(session, desk.keys, [reading.request for reading, _ in rows])

    def line(row: tuple[RequestReading, Request]) -> WaitingLine:
        reading, request = row
        return WaitingLine(
            **facts(reading, evidence.get(reading.request, Evidence()), call.language),
            reference=request.reference,
            state=State(request.state),
            filed=request.filed,
            due=request.handle_due,
        )

    return page(rows, limit, item=line, position=lambda row: (row[0].request,))


@router.post(
    "/v1/requests/{id}/understanding/decision",
    responses=refuses(
        RequestNotFound,
        NotRead,
        DecidedAlready,
        IllegalRequestMove,
        UrgencySettled,
        RelaxingForTheHead,
        UnknownCode,
    ),
)
async def decide_reading(
    id: UUID,
    body: Decision,
    call: Annotated[Call, permit("understanding:decide")],
    desk: Annotated[Desk, provided(Desk)],
) -> DecisionMade:
    """Confirm or correct the proposed category. The request follows; corrections are learnt from."""
    category = known_code("category", body.category, field="category")

    async def decide(session: AsyncSession) -> DecisionMade:
        decided = await actions.decide(
            session, desk, id, category, body.urgency, by=actor_of(call.principal), now=call.now
        )
        return DecisionMade(request=id, decided=decided, category=category)

    return await call.once(decide)
