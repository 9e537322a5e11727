"""What a resident has in intake, feature by feature: how it is handed to them, and how it goes when they are erased.

Each feature that holds something of people makes one `Belonging`, and main.py lists them all, so that an export
(PIPL article 45) and an erasure (article 47) leave out no feature that somebody added later:

    def belonging(store: Store) -> Belonging:
        return Belonging("attachments", "附件", "Attachments", export=export, erase=erase)

    async def export(session: AsyncSession, person: Person) -> Sequence[Item]:
        return [{"id": row.id, "kind": row.kind, "at": row.at} for row in await queries.of(session, person.residents)]

    async def erase(session: AsyncSession, person: Person, now: datetime) -> int:
        return await actions.delete_of(session, person.residents)
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.residents.keys import Holder

Item = Mapping[str, object]
"""One thing as it is exported: text, numbers, booleans, times, ids, codes, and lists and mappings of these."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person with all records that are theirs: more than one where the same person was registered twice."""

    residents: tuple[UUID, ...]
    """The record that is kept first, then those that were merged into it."""
    holders: Mapping[UUID, Holder]
    """The open key of each record."""

    @property
    def resident(self) -> UUID:
        return self.residents[0]

    def holder(self, resident: UUID) -> Holder:
        return self.holders[resident]


Export = Callable[[AsyncSession, Person], Awaitable[Sequence[Item]]]
"""All that the feature holds of the person, opened, oldest first. The read is recorded by whoever asks for it."""
Erase = Callable[[AsyncSession, Person, datetime], Awaitable[int]]
"""Runs in the transaction that destroys the keys, before they are gone. Deletes what the keys do not cover (columns in
clear, files: those after the commit) and what nobody needs afterwards; gives the number of things that it destroyed,
or that the keys' destruction makes unreadable."""
UsedSince = Callable[[AsyncSession, Sequence[UUID], datetime], Awaitable[AbstractSet[UUID]]]
"""Which of these residents did something with the feature at that moment or later: they are not erased for having been
away for years."""

ForgetWords = Callable[[AsyncSession, Sequence[UUID]], Awaitable[None]]
"""The words of these requests are past their period and go in this transaction: what the feature keeps of their words
(an attachment, a copy, an index) goes too."""


@dataclass(frozen=True, slots=True)
class Belonging:
    name: str
    """The key in the export and in the certificate of an erasure: lower case, stable."""
    zh: str
    en: str
    export: Export
    erase: Erase
    used_since: UsedSince | None = None
    forget_words: ForgetWords | None = None


class Belongings:
    """Those of all features, in the order in which they are shown and erased."""

    def __init__(self, *belongings: Belonging) -> None:
        """Raises ValueError where two have the same name."""
        self._belongings = belongings
        names = [belonging.name for belonging in belongings]
        if len(set(names)) < len(names):
            raise ValueError("two features give their belongings the same name")

    def __iter__(self) -> Iterator[Belonging]:
        return iter(self._belongings)


async def nothing_to_erase(_session: AsyncSession, _person: Person, _now: datetime) -> int:
    """For what the resident's key covers whole and what stays as it is, unreadable."""
    return 0


__all__ = [
    "Belonging",
    "Belongings",
    "Erase",
    "Export",
    "ForgetWords",
    "Item",
    "Person",
    "UsedSince",
    "nothing_to_erase",
]
