"""Use cases: a person decides on a proposal; a community trains a model of its own on what was decided."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.requests import queries as requests
from services.intake.requests.actions.reading import opened
from services.intake.requests.actions.reclassifying import reclassify_locked
from services.intake.requests.reclassifying import Classification
from services.intake.residents.actions import Reading, record_reads
from services.intake.residents.queries import holders
from services.intake.understanding import queries
from services.intake.understanding.rules import Decided, DecidedAlready
from services.intake.understanding.tables import ClassifierModel
from shared.contracts.intake import Urgency
from shared.database import new_id
from shared.refusals import Conflict
from shared.understanding import Classifier
from shared.understanding.training import Labelled, Message, TrainedOnTop, train_on_top

MOST = 2_000
"""The latest decisions that are learnt from: some seconds of work."""


class TooFewDecisions(Conflict):
    type = "too-few-decisions"
    zh = "人员确认的分类只有 {count} 条，满 {needed} 条才能训练。"
    en = "People have decided on {count} proposals; a model is trained from {needed} on."


async def decide(
    session: AsyncSession,
    desk: Desk,
    request: UUID,
    category: str,
    urgency: Urgency | None,
    *,
    by: Actor,
    now: datetime,
) -> Decided:
    """Confirm or correct what was proposed; the request follows, and casework and the resident hear of a change.

    Raises RequestNotFound, NotRead, DecidedAlready, and what a reclassification is refused for.
    """
    it = await requests.lock(session, request)
    row = await queries.one(session, request, for_update=True)
    if row.decided in {Decided.CONFIRMED, Decided.CORRECTED}:
        raise DecidedAlready
    decided = Decided.CONFIRMED if category == row.category else Decided.CORRECTED
    row.decided, row.decided_category = decided.value, category
    row.decided_at, row.decided_by = now, by.subject
    if category != it.category or urgency not in {None, it.urgency}:
        reason = "proposal_confirmed" if decided is Decided.CONFIRMED else "proposal_corrected"
        to = Classification(category=category, urgency=urgency)
        await reclassify_locked(session, desk, it, to, reason=reason, by=by, now=now)
    return decided


async def decisions(
    session: AsyncSession, desk: Desk, reading: Reading, *, needed: int
) -> Sequence[Labelled]:
    """The words and the category of what people decided, to be learnt from. The reads are recorded.

    Raises TooFewDecisions.
    """
    rows = await queries.by_people(session, limit=MOST)
    keys = await holders(session, desk.keys, {resident for _, resident, _ in rows})
    learnt: list[Labelled] = []
    read: set[UUID] = set()
    for row, resident, text in rows:
        if resident not in keys or row.decided_category is None:
            continue  # erased: nothing is left to learn from
        words = opened(keys[resident], text)
        learnt.append(Labelled(Message(words.subject, words.body), row.decided_category[:2]))
        read.add(resident)
    if len(learnt) < needed:
        raise TooFewDecisions(count=len(learnt), needed=needed)
    await record_reads(session, read, ["request.subject", "request.body"], reading)
    return learnt


async def trained(base: Classifier, learnt: Sequence[Labelled], version: str) -> TrainedOnTop:
    """In a thread: it takes seconds of computing, in which others are served."""
    return await asyncio.to_thread(train_on_top, base, learnt, version=version)


async def keep(session: AsyncSession, result: TrainedOnTop, *, now: datetime) -> None:
    """Store a model; it reads from now on if it judges unseen decisions at least as well as the one before."""
    if result.better:
        await session.execute(update(ClassifierModel).values(active=False).where(ClassifierModel.active))
    await session.execute(
        insert(ClassifierModel).values(
            version=result.version,
            created=now,
            model=dict(result.changes),
            report=dict(result.report),
            active=result.better,
        )
    )


async def activate(session: AsyncSession, version: str | None) -> None:
    """Read with this model from now on; with the shipped one for None. Raises ModelNotFound."""
    if version is not None:
        await queries.model(session, version)
    await session.execute(update(ClassifierModel).values(active=False).where(ClassifierModel.active))
    if version is not None:
        await session.execute(
            update(ClassifierModel).values(active=True).where(ClassifierModel.version == version)
        )


def version_of(now: datetime) -> str:
    """A name that nothing else has: the day, and enough of an id."""
    return f"own-{now:%Y%m%d}-{new_id().hex[-8:]}"
