"""What is past its period goes: in pieces, each a transaction of its own, and a report at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.actor import Actor
from services.intake.erasures.actions import erase
from services.intake.exports.queries import count_words_before, drop_words, words_before
from services.intake.reads.queries import count_before, drop_before
from services.intake.residents.belongings import Belongings
from services.intake.residents.keys import Keys
from services.intake.residents.queries import person
from services.intake.residents.rules import ResidentErased
from services.intake.retention import queries
from services.intake.retention.rules import Periods, months_before
from services.intake.retention.tables import RetentionRun
from shared.database import new_id
from shared.observing import get_logger

_log = get_logger(__name__)
_AT_ONCE = 500
_LISTED = 20_000
"""Requests whose words are past their period, looked for at once: ids, some megabytes."""
BY_ITSELF = Actor("service", "retention")
_REASON = "period_over"
_FAILED = "residents_failed"


class NotAllErased(Exception):
    """Those that failed are told of in the log, and are tried again the next night."""


class Transactions(Protocol):
    """Opens transactions of one community, one after the other."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncSession]: ...


@dataclass(frozen=True, slots=True)
class Keeper:
    """What the work needs."""

    keys: Keys
    belongings: Belongings
    tenant: str
    transaction: Transactions

    async def run(self, periods: Periods, *, now: datetime, dry: bool, by: str) -> RetentionRun:
        """Do it, or only count it; the report, which is kept. Done twice it finds nothing the second time.

        Raises NotAllErased once all else is done.
        """
        counts = {
            "words": await self._words(months_before(now, periods.words), dry=dry),
            "reads": await self._reads(months_before(now, periods.reads), dry=dry),
            **await self._residents(months_before(now, periods.residents), now=now, dry=dry),
        }
        report = RetentionRun(
            id=new_id(),
            started=now,
            finished=now,
            dry=dry,
            by=by,
            periods=periods.months(),
            counts=counts,
        )
        async with self.transaction() as session:
            session.add(report)
        if failed := counts.get(_FAILED):
            raise NotAllErased(f"{failed} of {failed + counts['residents']}")
        return report

    async def _words(self, moment: datetime, *, dry: bool) -> int:
        if dry:
            async with self.transaction() as session:
                return await count_words_before(session, moment)
        total = 0
        while True:
            async with self.transaction() as session:
                past = await words_before(session, moment, count=_LISTED)
            for start in range(0, len(past), _AT_ONCE):
                async with self.transaction() as session:
                    total += await self._forget_words(session, past[start : start + _AT_ONCE], moment)
            if len(past) < _LISTED:
                return total

    async def _forget_words(self, session: AsyncSession, past: Sequence[UUID], moment: datetime) -> int:
        requests = await drop_words(session, past, moment)
        for belonging in self.belongings:
            if belonging.forget_words is not None and requests:
                await belonging.forget_words(session, requests)
        return len(requests)

    async def _reads(self, moment: datetime, *, dry: bool) -> int:
        if dry:
            async with self.transaction() as session:
                return await count_before(session, moment)
        total = 0
        while True:
            async with self.transaction() as session:
                done = await drop_before(session, moment, count=_AT_ONCE)
            total += done
            if done < _AT_ONCE:
                return total

    async def _residents(self, moment: datetime, *, now: datetime, dry: bool) -> Mapping[str, int]:
        counts = Counter(residents=0)
        after: UUID | None = None
        while True:
            async with self.transaction() as session:
                some = await queries.quiet_since(session, moment, after=after, count=_AT_ONCE)
                past = await self._unused(session, some, moment)
            for resident in past:
                done = dry or await self._erase(resident, now)
                counts["residents" if done else _FAILED] += 1
            if len(some) < _AT_ONCE:
                return counts
            after = some[-1]

    async def _erase(self, resident: UUID, now: datetime) -> bool:
        """Whether they are gone. One who cannot be erased keeps none of the others here."""
        try:
            async with self.transaction() as session:
                erased = await erase(
                    session, self.keys, self.belongings, resident, now=now, by=BY_ITSELF, reason=_REASON
                )
        except ResidentErased:
            return True  # meanwhile, by their own wish
        except Exception:
            _log.exception("a resident past the period was not erased", resident=str(resident))
            return False
        for record in erased:
            self.keys.drop(self.tenant, record)
        return True

    async def _unused(
        self, session: AsyncSession, residents: Sequence[UUID], moment: datetime
    ) -> Sequence[UUID]:
        """Those whom no feature has seen since, on any of their records."""
        records = {resident: await person(session, resident) for resident in residents}
        everyone = [record for several in records.values() for record in several]
        used: set[UUID] = set()
        for belonging in self.belongings:
            if belonging.used_since is not None and everyone:
                used |= await belonging.used_since(session, everyone, moment)
        return [resident for resident in residents if not used & set(records[resident])]
