"""Filing without a complainant."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.anonymous.rules import Complainant, code_of
from services.intake.anonymous.tables import AnonymousHolder
from services.intake.desk import Desk
from services.intake.requests.actions.writing import write
from services.intake.requests.filing import Filing, Particulars, Words
from services.intake.residents import actions as residents
from services.intake.residents.keys import Holder, Keys
from shared.database import scope_of
from shared.messaging.outbox import record


async def holder_for(
    session: AsyncSession,
    keys: Keys,
    complainant: Complainant,
    *,
    now: datetime,
    sealed_by: Holder | None = None,
) -> Holder:
    """A key for one thing of nobody's: without it, its words would lie in clear or under a key of all.

    `sealed_by` is the key, where something was sealed with it before.
    """
    profile = residents.Profile(residents.Contact())
    holder = await residents.create(session, keys, profile, now=now, sealed_by=sealed_by)
    await session.execute(
        insert(AnonymousHolder).values(resident=holder.resident, complainant=complainant.value)
    )
    return holder


async def file_for_nobody(
    session: AsyncSession, desk: Desk, words: Words, said: Particulars, *, now: datetime, by: Actor
) -> Filing:
    """A request and its holder, both or neither. `said.complainant` is not a resident."""
    holder = await holder_for(session, desk.keys, said.complainant, now=now)
    (filing,) = await desk.prepare(scope_of(session), [(holder, words, said)], now=now, by=by)
    await write(session, [filing])
    await record(session, filing.event())
    return filing


def follow_code(keys: Keys, request: UUID) -> str:
    """By which whoever filed it anonymously follows it. The index key does not rotate, so it stays the same."""
    return code_of(keys.keyring.blind_index(str(request), purpose="request.follow"))
