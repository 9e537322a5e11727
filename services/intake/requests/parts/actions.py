"""Splitting a request, and what the end of a parent or a part means for the other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.desk import Desk
from services.intake.requests import deciding, queries
from services.intake.requests.actions.changing import apply, tell
from services.intake.requests.actions.reading import words_of
from services.intake.requests.actions.writing import write
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.filing import Filing, Particulars, Words
from services.intake.requests.parts import queries as parts
from services.intake.requests.parts import rules
from services.intake.requests.rules import Move, State, allowed_moves
from services.intake.residents.actions import Reading
from services.intake.residents.queries import holders
from services.intake.residents.rules import ResidentErased
from shared.contracts.intake import Channel
from shared.database import scope_of
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class NewPart:
    """One thing of several that the resident said. What is None is as the parent has it."""

    subject: str
    body: str | None = None
    address: str | None = None
    category: str | None = None


async def split(
    session: AsyncSession, desk: Desk, it: Situation, wanted: Sequence[NewPart], reading: Reading
) -> tuple[Decision, Sequence[Filing]]:
    """File the parts of a locked request: of the same resident, under the same limit, in the resident's words.

    Raises PartOfAnother, TooManyParts, IllegalRequestMove, ResidentErased, NumbersExhausted.
    """
    there = await parts.count_of(session, it.request)
    life = rules.split(it.life, parent=it.parent, there=there, more=len(wanted))
    row = await queries.one(session, it.request)
    whole = await words_of(session, desk.keys, row, reading)
    holder = (await holders(session, desk.keys, [it.resident])).get(it.resident)
    if whole is None or holder is None:
        raise ResidentErased
    asked = [
        (
            holder,
            Words(part.subject, part.body or whole.body, part.address or whole.address),
            Particulars(
                channel=Channel(row.channel),
                urgency=it.urgency,
                category=part.category,
                prefers_same_gender=row.prefers_same_gender,
                on_behalf=True,
                parent=it.request,
            ),
        )
        for part in wanted
    ]
    prepared = await desk.prepare(scope_of(session), asked, now=reading.at, by=reading.reader)
    filings = [replace(filing, life=rules.under(it.life, filing.life)) for filing in prepared]
    await write(session, filings)
    state = it.life.state
    details = {"parts": [str(filing.id) for filing in filings]}
    entry = Entry(Move.SPLIT.value, reading.at, reading.reader, state, state, details=details)
    decision = Decision(it, life, (entry,))
    await apply(session, [decision])
    await record(session, *(filing.event() for filing in filings))
    return decision, filings


async def beside(session: AsyncSession, decision: Decision) -> None:
    """What a move means for the request's parts, and for the request that it is a part of.

    A parent ends after its parts; only its resident may take it back at any time, and its parts with it. Raises OpenParts.
    """
    it, state = decision.it, decision.life.state
    if state is it.life.state:
        return
    last = decision.entries[-1]
    if state in rules.ENDS:
        rules.check_ended(state, await parts.open_parts(session, it.request))
    elif state is State.WITHDRAWN:
        await _withdraw_parts(session, it, last.at, last.by)
    if it.parent is not None and (entry := rules.TOLD_TO_PARENT.get(state)) is not None:
        above = await parts.state_of(session, it.parent)
        details: dict[str, object] = {"part": str(it.request), "state": state.value}
        if decision.life.outcome is not None:
            details["outcome"] = decision.life.outcome.value
        await tell(session, [(it.parent, Entry(entry, last.at, last.by, above, above, last.reason, details))])


async def _withdraw_parts(session: AsyncSession, parent: Situation, at: datetime, by: Actor) -> None:
    """Those that are not handled yet; what was handled is checked and closed as usual."""
    found = await parts.open_parts(session, parent.request)
    locked = await queries.lock_several(session, [part.request for part in found])
    await apply(
        session,
        [
            deciding.withdraw(part, at, by)
            for part in locked.values()
            if Move.WITHDRAW in allowed_moves(part.life)
        ],
    )
