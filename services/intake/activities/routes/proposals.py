"""Proposals: making one, checking its text, voting."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.activities import queries
from services.intake.activities.actions import proposing
from services.intake.activities.actions.proposing import VotingOver, Words
from services.intake.activities.office import Office
from services.intake.activities.routes import showing
from services.intake.activities.routes.schemas import (
    ActivityId,
    Moved,
    Proposal,
    ProposalWords,
    Votes,
    WordsBody,
)
from services.intake.activities.rules import (
    ActivityNotFound,
    AlreadyChecked,
    IllegalActivityMove,
    NotCheckedYet,
)
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.refusals import Forbidden
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyOffice = Annotated[Office, provided(Office)]


class OwnProposalsOnly(Forbidden):
    type = "own-proposals-only"
    zh = "您只能以自己的名义提议。"
    en = "You can propose in your own name only."


class VoteNeedsResident(Forbidden):
    type = "vote-needs-resident"
    zh = "只有居民本人可以投票。"
    en = "Only residents vote, each for themselves."


@router.post(
    "/v1/activities",
    status_code=201,
    responses=refuses(OwnProposalsOnly, ResidentNotFound, ResidentErased, UnknownCode),
)
async def propose_activity(
    body: Proposal, call: Annotated[Call, permit("activities:propose")], office: AnyOffice
) -> ActivityId:
    """Propose an activity. A resident's words are shown once a worker has checked them; the community's own at once."""
    own = own_resident(call.principal)
    if own is not None and body.resident not in {None, own}:
        raise OwnProposalsOnly
    resident, kind = own or body.resident, known_code("activity_kind", body.kind, field="kind")

    async def propose(session: AsyncSession) -> ActivityId:
        if resident is not None:
            await residents.one(session, resident)
        id = await proposing.propose(
            session, office, kind, body.words(), resident=resident, now=call.now, by=actor_of(call.principal)
        )
        row = await queries.one(session, id)
        return ActivityId(id=id, number=row.number)

    return await call.once(propose)


@router.get("/v1/activities/{id}/proposal", responses=refuses(ActivityNotFound, ResidentErased))
async def read_proposal(
    id: UUID, call: Annotated[Call, permit("activities:check")], office: AnyOffice
) -> ProposalWords:
    """A resident's words as they were sent. The read is recorded; once they are checked, nothing is left of them."""
    reading = Reading(actor_of(call.principal), "activity", call.now)
    async with call.transaction() as session:
        row = await queries.one(session, id)
        words = await proposing.read_words(session, office, row, reading)
    call.answer_with("ETag", f'"{row.version}"')
    shown = words or Words(row.title or "", row.description or "")
    return ProposalWords(
        id=id, resident=row.proposer, title=shown.title or None, description=shown.description or None
    )


@router.post(
    "/v1/activities/{id}/check", responses=refuses(ActivityNotFound, IllegalActivityMove, AlreadyChecked)
)
async def check_proposal(
    id: UUID, body: WordsBody, call: Annotated[Call, permit("activities:check")]
) -> Moved:
    """Show the proposal in these words: the resident's own, without names, telephones or anything about a person."""
    by = actor_of(call.principal)

    async def check(session: AsyncSession) -> Moved:
        row = await queries.lock(session, id)
        if call.if_match is not None:
            call.require_match(row.version)
        return showing.moved(id, await proposing.check(session, row, body.words(), now=call.now, by=by))

    return await call.once(check)


@router.post(
    "/v1/activities/{id}/vote",
    responses=refuses(ActivityNotFound, NotCheckedYet, VotingOver, VoteNeedsResident),
)
async def vote_for_activity(id: UUID, call: Annotated[Call, permit("activities:vote")]) -> Votes:
    """Vote for a proposal: one vote a resident."""

    async def vote(session: AsyncSession) -> Votes:
        row = await queries.one(session, id, seen_by=own_resident(call.principal))
        own = _voter(call)
        await residents.one(session, own)
        return Votes(votes=await proposing.vote(session, row, own, now=call.now))

    return await call.once(vote)


@router.delete("/v1/activities/{id}/vote", responses=refuses(ActivityNotFound, VoteNeedsResident))
async def take_vote_back(id: UUID, call: Annotated[Call, permit("activities:vote")]) -> Votes:
    """Take one's vote back, at any time."""
    async with call.transaction() as session:
        row = await queries.one(session, id, seen_by=own_resident(call.principal))
        own = _voter(call)
        return Votes(votes=await proposing.take_back(session, row, own))


def _voter(call: Call) -> UUID:
    own = own_resident(call.principal)
    if own is None:
        raise VoteNeedsResident
    return own
