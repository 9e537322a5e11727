"""Use cases of consents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.consents import queries
from services.intake.consents.rules import AlreadyGiven, NothingToWithdraw, TextNotInForce
from services.intake.consents.tables import Consent, ConsentText
from services.intake.residents.belongings import Belonging, Item, Person, nothing_to_erase
from shared.database import new_id


async def publish(
    session: AsyncSession,
    purpose: str,
    *,
    zh: str,
    en: str,
    in_force: datetime,
    now: datetime,
    by: Actor,
) -> ConsentText:
    """The next version of the text for a purpose. What was agreed to before keeps the words it was about."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"consent:{purpose}", 0))))
    last = await queries.latest_version(session, purpose)
    row = ConsentText(
        id=new_id(),
        purpose=purpose,
        version=1 if last is None else last.version + 1,
        zh=zh,
        en=en,
        in_force=in_force,
        published=now,
        published_by=by.subject,
    )
    session.add(row)
    await session.flush()
    return row


async def declare(
    session: AsyncSession,
    resident: UUID,
    purpose: str,
    *,
    given: bool,
    text: UUID | None,
    channel: str,
    by: Actor,
    now: datetime,
) -> None:
    """Keep that the resident gives or withdraws consent. Whoever calls has locked the resident's row.

    To give, `text` has to be the one in force. Raises TextNotInForce, AlreadyGiven, NothingToWithdraw.
    """
    last = await queries.latest(session, resident, purpose)
    stands = last is not None and last.given
    if given:
        current = await queries.in_force(session, now, purpose)
        if not current or current[0].id != text:
            raise TextNotInForce(field="text", purpose=purpose)
        if stands and last is not None and last.text == text:
            raise AlreadyGiven(purpose=purpose)
        about = current[0].id
    else:
        if not stands or last is None:
            raise NothingToWithdraw(purpose=purpose)
        about = last.text
    await session.execute(
        insert(Consent).values(
            resident=resident,
            purpose=purpose,
            text=about,
            given=given,
            channel=channel,
            by_role=by.role,
            by=by.subject,
            at=now,
        )
    )


async def _export(session: AsyncSession, person: Person) -> Sequence[Item]:
    return [
        {
            "purpose": said.purpose,
            "given": said.given,
            "at": said.at,
            "channel": said.channel,
            "by": said.by_role,
            "version": words.version,
            "text": words.zh,
        }
        for said, words in reversed(await queries.history(session, person.residents))
    ]


BELONGING = Belonging("consents", "同意记录", "Consents", export=_export, erase=nothing_to_erase)
"""Kept when the person is erased, as proof of what was lawful then: ids, codes and times that lead to nobody."""
