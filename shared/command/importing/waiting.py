"""Waiting until every imported request is assigned and told, as the services count it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.command.connection import ServiceClient
from shared.command.importing.filing import parts

_ASKED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the rows the services know, have assigned, and have told everyone of."""

    known: int = 0
    assigned: int = 0
    told: int = 0
    history: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.known + other.known,
            self.assigned + other.assigned,
            self.told + other.told,
            self.history + other.history,
        )

    @property
    def complete(self) -> bool:
        due = self.known - self.history
        return self.assigned >= due and self.told >= due


async def count(client: ServiceClient, source: str, external_ids: Sequence[str]) -> Counts:
    """Asked of the service for exactly these rows, 1,000 at most."""
    answer = await client.post("/v1/imports/progress", {"source": source, "external_ids": external_ids})
    return Counts(answer["filed"], answer["assigned"], answer["told"], answer["history"])


async def wait_until_told(
    client: ServiceClient,
    source: str,
    external_ids: Sequence[str],
    *,
    patience: float,
    progress: Callable[[Counts], None],
) -> Counts:
    """The counts once all are told, or once nothing has changed for `patience` seconds.

    A part of the rows of which all are told stays so, and is not asked for again.
    """
    last, changed = Counts(), time.monotonic()
    told, waiting = Counts(), list(parts(external_ids, _ASKED_AT_ONCE))
    while True:
        found = [(part, await count(client, source, part)) for part in waiting]
        told = sum((counts for _, counts in found if counts.complete), told)
        waiting = [part for part, counts in found if not counts.complete]
        counts = sum((counts for _, counts in found if not counts.complete), told)
        progress(counts)
        if counts.complete:
            return counts
        if counts != last:
            last, changed = counts, time.monotonic()
        elif time.monotonic() - changed > patience:
            return counts
        await asyncio.sleep(0.25 if len(external_ids) <= _ASKED_AT_ONCE else 1.0)
