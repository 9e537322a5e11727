"""What every filing and every move needs: keys, calendars, grids, numbers, terms. Made once by main.py."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.duplicates.printers import Printers
from services.intake.holidays.queries import Calendars, calendar_in
from services.intake.places.queries import Grids, Place
from services.intake.policies import Policies
from services.intake.questions.queries import Questions
from services.intake.requests.filing import Filing, Particulars, Words, prepare
from services.intake.requests.limits import Limits
from services.intake.requests.numbers import Numbers
from services.intake.residents.keys import Holder, Keys
from services.intake.understanding.readers import Readers
from services.intake.understanding.rules import Proposal
from shared.clock import Clock
from shared.database import Database, Keyring, scope_of
from shared.tenants import Tenants


@dataclass(frozen=True, slots=True)
class Desk:
    database: Database
    keys: Keys
    calendars: Calendars
    grids: Grids
    numbers: Numbers
    policies: Policies
    questions: Questions
    printers: Printers
    readers: Readers

    @classmethod
    def open(cls, database: Database, keyring: Keyring, clock: Clock, tenants: Tenants) -> "Desk":
        policies = Policies(tenants)
        return cls(
            database=database,
            keys=Keys(keyring, clock),
            calendars=Calendars(database, clock),
            grids=Grids(database, clock),
            numbers=Numbers(database, keyring),
            policies=policies,
            questions=Questions(database, clock),
            printers=Printers(keyring),
            readers=Readers(database, policies, clock),
        )

    async def limits(self, tenant: str) -> Limits:
        return Limits(self.policies.of(tenant).limits, await self.calendars.of(tenant))

    async def limits_in(self, session: AsyncSession) -> Limits:
        """By the calendar as the session's transaction sees it, notices of a moment ago included."""
        return Limits(self.policies.of(scope_of(session)).limits, await calendar_in(session))

    async def prepare(
        self,
        tenant: str,
        asked: Sequence[tuple[Holder, Words, Particulars]],
        *,
        now: datetime,
        by: Actor,
    ) -> Sequence[Filing]:
        """Filings ready to be written: each with its number, its category, its grid and its limits."""
        limits = await self.limits(tenant)
        references = await self.numbers.take(len(asked), now)
        filings = []
        for (holder, words, said), reference in zip(asked, references, strict=True):
            proposal = None if said.category else await self.readers.propose(tenant, words)
            place = await self._place(tenant, words, proposal)
            category = said.category if proposal is None else proposal.category
            filings.append(
                prepare(
                    words,
                    replace(said, category=category, grid=place.grid, place=place.place),
                    holder=holder,
                    reference=reference,
                    now=now,
                    limits=limits,
                    actor=by,
                    proposal=proposal,
                )
            )
        return filings

    async def _place(self, tenant: str, words: Words, proposal: Proposal | None) -> Place:
        """By the address; without one by a place that the words name, if a grid has it by that name."""
        if words.address is None and proposal is not None and proposal.reading.place.name is not None:
            named = await self.grids.place(tenant, proposal.reading.place.name)
            if named.place is not None:
                return named
        return await self.grids.place(tenant, words.address)
