"""Filing one request: for a resident who is known, in one statement; for a new one, in a transaction."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.requests.actions.writing import IdempotencyKey, Written, write, write_alone
from services.intake.requests.filing import Filing, Particulars, Words
from services.intake.residents import actions as residents
from services.intake.residents.keys import Holder
from services.intake.residents.rules import ResidentErased
from shared.database import scope_of
from shared.messaging.outbox import record
from shared.refusals import InvalidValue


class GenderUnknown(InvalidValue):
    type = "gender-unknown"


async def file_for_known(
    desk: Desk,
    tenant: str,
    filing: Filing,
    key: IdempotencyKey | None,
) -> bool:
    """The hot path: one statement for the request, its words, its story, its event and its idempotency key.

    False where the idempotency key was used before. Raises ResidentErased where the resident has gone meanwhile.
    """
    written = await write_alone(desk.database, tenant, filing, key)
    if written is Written.NO_RESIDENT:
        desk.keys.drop(tenant, filing.resident)
        raise ResidentErased
    return written is Written.FILED


async def file_for_new(
    session: AsyncSession,
    desk: Desk,
    profile: residents.Profile,
    words: Words,
    said: Particulars,
    *,
    now: datetime,
    by: Actor,
    external: residents.ExternalReference | None = None,
) -> Filing:
    """A new resident and their request, both or neither. Raises ReferenceTaken, InvalidValue."""
    holder = await residents.create(session, desk.keys, profile, now=now, external=external)
    check_gender(holder, said)
    (filing,) = await desk.prepare(scope_of(session), [(holder, words, said)], now=now, by=by)
    await write(session, [filing])
    await record(session, filing.event())
    return filing


def check_gender(holder: Holder, said: Particulars) -> None:
    """A worker of the same gender can only be found where the resident's is known. Raises GenderUnknown."""
    if said.prefers_same_gender and holder.gender is None:
        raise GenderUnknown(
            field="prefers_same_gender",
            reason_zh="居民档案中没有登记性别，无法安排同性别的工作人员。",
            reason_en="The resident's gender is not on record, so no worker of the same one can be found.",
        )
