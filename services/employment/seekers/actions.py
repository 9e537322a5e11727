"""What happens to a registration: each in one transaction, state and event together."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching import actions as matching
from services.employment.matching.policy import MatchingPolicy
from services.employment.matching.rules import Profile
from services.employment.seekers import queries
from services.employment.seekers.rules import (
    ACTIVE,
    AlreadyRegistered,
    ResidentGone,
    SeekerMove,
    SeekerState,
    after,
)
from services.employment.seekers.tables import ErasedResident, Seeker
from shared.contracts.employment import SeekerRegistered
from shared.database import new_id
from shared.messaging.outbox import record

# One at a time for each resident: who is erased while registering is either seen here or deleted there.
_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('seeker:' || :resident, 0))")


async def register(session: AsyncSession, *, resident: UUID, profile: Profile, now: datetime) -> UUID:
    """The new registration's id. Raises AlreadyRegistered, ResidentGone."""
    await session.execute(_ALONE, {"resident": str(resident)})
    if await queries.is_erased(session, resident):
        raise ResidentGone
    if await queries.is_registered(session, resident):
        raise AlreadyRegistered
    id = new_id()
    await session.execute(
        insert(Seeker).values(
            id=id,
            resident=resident,
            state=SeekerState.REGISTERED,
            registered=now,
            changed=now,
            **_columns(profile),
        )
    )
    await record(
        session,
        SeekerRegistered(
            seeker=id,
            resident=resident,
            occupations=tuple(sorted(profile.occupations)),
            skills=tuple(sorted(profile.skills)),
        ),
        at=now,
    )
    return id


async def change(
    session: AsyncSession,
    id: UUID,
    profile: Profile,
    *,
    of: UUID | None,
    policy: MatchingPolicy,
    now: datetime,
    check_version: Callable[[int], None],
) -> int:
    """Replace what the seeker wishes and can, and match anew. Gives the new version.

    `check_version` refuses a change of what somebody else has changed meanwhile. Raises SeekerNotFound, MoveRefused.
    """
    seeker = await queries.get(session, id, of=of, for_update=True)
    check_version(seeker.version)
    after(SeekerState(seeker.state), SeekerMove.CHANGE)
    version = seeker.version + 1
    await session.execute(
        update(Seeker).where(Seeker.id == id).values(version=version, changed=now, **_columns(profile))
    )
    await matching.match_seekers(session, {id: None}, policy=policy, now=now)
    return version


async def move(
    session: AsyncSession,
    id: UUID,
    move: SeekerMove,
    *,
    of: UUID | None,
    now: datetime,
    reason: str | None = None,
) -> SeekerState:
    """Serve, place or exit (with a reason of the vocabulary). Raises SeekerNotFound, MoveRefused."""
    seeker = await queries.get(session, id, of=of, for_update=True)
    state = after(SeekerState(seeker.state), move)
    ended = None if state in ACTIVE else now
    await session.execute(
        update(Seeker)
        .where(Seeker.id == id)
        .values(state=state, version=seeker.version + 1, changed=now, ended=ended, exit_reason=reason)
    )
    if ended is not None:
        await matching.seeker_gone(session, id, now=now)
    return state


async def erase(session: AsyncSession, resident: UUID, *, now: datetime) -> None:
    """All that is held of a resident goes: registrations, and with them matches. Safe to repeat."""
    await session.execute(_ALONE, {"resident": str(resident)})
    await session.execute(
        upsert(ErasedResident).values(resident=resident, erased=now).on_conflict_do_nothing()
    )
    await session.execute(delete(Seeker).where(Seeker.resident == resident))


def _columns(profile: Profile) -> dict[str, Any]:
    return {
        "occupations": sorted(profile.occupations),
        "skills": sorted(profile.skills),
        "certificates": sorted(profile.certificates),
        "education": profile.education,
        "experience_years": profile.experience_years,
        "minimum_pay": profile.minimum_pay,
        "areas": list(profile.areas),
        "shifts": sorted(profile.shifts),
        "available_from": profile.available_from,
    }
