"""Proposals: a resident's words, sealed until a worker has checked them; and votes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries, rules
from services.intake.activities.actions.applying import apply, tell
from services.intake.activities.lives import columns_of, life_of
from services.intake.activities.office import Office
from services.intake.activities.rules import Life, NotCheckedYet, State
from services.intake.activities.tables import Activity, ActivityProposal, ActivityVote
from services.intake.actor import Actor
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.queries import holders
from services.intake.residents.rules import ResidentErased
from shared.database import new_id
from shared.refusals import Conflict

NOUN = "activity"
FIELDS = ("activity.title", "activity.description")
"""As they stand in the record of reads."""


class VotingOver(Conflict):
    type = "voting-over"
    zh = "该提议已不在征集阶段，不能投票。"
    en = "It is no proposal any more; nobody can vote for it."


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    description: str


async def propose(
    session: AsyncSession,
    office: Office,
    kind: str,
    words: Words,
    *,
    resident: UUID | None,
    now: datetime,
    by: Actor,
) -> UUID:
    """The activity's id. A resident's words are sealed; the community's own are there to see at once.

    Raises ResidentErased for a resident who is not there any more.
    """
    id, number = new_id(), await queries.next_number(session)
    life = Life(State.PROPOSED, checked=None if resident else now)
    row = Activity(
        id=id,
        number=number,
        kind=kind,
        title=None if resident else words.title,
        description=None if resident else words.description,
        proposer=resident,
        proposed=now,
        last_sequence=0,
    )
    values = {
        name: getattr(row, name)
        for name in ("id", "number", "kind", "title", "description", "proposer", "proposed", "last_sequence")
    }
    await session.execute(insert(Activity).values(**values, **columns_of(life)))
    if resident is not None:
        holder = (await holders(session, office.keys, [resident])).get(resident)
        if holder is None:
            raise ResidentErased
        await session.execute(
            insert(ActivityProposal).values(
                activity=id,
                resident=resident,
                title=holder.seal(NOUN, id, "title", words.title),
                description=holder.seal(NOUN, id, "description", words.description),
            )
        )
    await tell(session, row, "propose", None, life, at=now, by=by)
    return id


async def read_words(session: AsyncSession, office: Office, row: Activity, reading: Reading) -> Words | None:
    """A proposal's own words as they were sent, until they are checked; the read is recorded. None afterwards.

    Raises ResidentErased.
    """
    sealed = await queries.proposal(session, row.id)
    if sealed is None:
        return None
    holder = (await holders(session, office.keys, [sealed.resident])).get(sealed.resident)
    if holder is None:
        raise ResidentErased
    await record_reads(session, [sealed.resident], FIELDS, reading)
    return Words(
        holder.open(NOUN, row.id, "title", sealed.title),
        holder.open(NOUN, row.id, "description", sealed.description),
    )


async def check(session: AsyncSession, row: Activity, words: Words, *, now: datetime, by: Actor) -> Life:
    """The words in which it may be shown, names and telephones taken out. What the resident wrote goes."""
    life = rules.check(life_of(row), now)
    await apply(session, row, life, "check", at=now, by=by, title=words.title, description=words.description)
    await session.execute(delete(ActivityProposal).where(ActivityProposal.activity == row.id))
    return life


async def vote(session: AsyncSession, row: Activity, resident: UUID, *, now: datetime) -> int:
    """One vote of a resident, however often it is cast; how many there are. Raises NotCheckedYet, VotingOver."""
    if row.state != State.PROPOSED:
        raise VotingOver
    if row.checked is None:
        raise NotCheckedYet
    await session.execute(
        upsert(ActivityVote).values(activity=row.id, resident=resident, at=now).on_conflict_do_nothing()
    )
    return (await queries.votes(session, [row.id])).get(row.id, 0)


async def take_back(session: AsyncSession, row: Activity, resident: UUID) -> int:
    """Freely, at any time, also where there was none; how many are left."""
    await session.execute(
        delete(ActivityVote).where(ActivityVote.activity == row.id, ActivityVote.resident == resident)
    )
    return (await queries.votes(session, [row.id])).get(row.id, 0)
