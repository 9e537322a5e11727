"""Every read of the retention job and of its reports."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.households.tables import HouseholdMember
from services.intake.residents.tables import PersonalRead, Resident
from services.intake.retention.tables import RetentionRun


async def quiet_since(
    session: AsyncSession, moment: datetime, *, after: UUID | None, count: int
) -> Sequence[UUID]:
    """Kept records from before the moment whose contact was not changed and of whom nothing was read since then, in the
    order of their ids from above `after` on. Whether features saw them since, they say themselves."""
    changed = func.coalesce(Resident.contact_changed, Resident.created)
    # A read by the community's own keeping (a copy, an import) says that somebody still counts on the person.
    read = select(PersonalRead.id).where(PersonalRead.resident == Resident.id, PersonalRead.at >= moment)
    member = select(HouseholdMember.id).where(
        HouseholdMember.resident == Resident.id, HouseholdMember.ended.is_(None)
    )
    statement = select(Resident.id).where(
        Resident.erased.is_(None),
        Resident.merged_into.is_(None),
        Resident.created < moment,
        changed < moment,
        ~read.exists(),
        # Who lives in a household of the community is still its resident.
        ~member.exists(),
    )
    if after is not None:
        statement = statement.where(Resident.id > after)
    return (await session.scalars(statement.order_by(Resident.id).limit(count))).all()


async def runs(session: AsyncSession, *, before: UUID | None, limit: int) -> Sequence[RetentionRun]:
    """The latest first."""
    statement = select(RetentionRun)
    if before is not None:
        statement = statement.where(RetentionRun.id < before)
    return (await session.scalars(statement.order_by(RetentionRun.id.desc()).limit(limit))).all()
