"""Reference numbers, taken from the database in blocks, so that filing needs no round trip for its number."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from services.intake.requests.reference import CAPACITY, reference
from services.intake.requests.tables import BLOCK, NUMBERS
from shared.database import Database, Keyring

_NEXT_BLOCKS = f"SELECT nextval('{NUMBERS}') AS block FROM generate_series(1, $1::int)"  # noqa: S608 - constant


class Numbers:
    """This process's store of sequence values. Every value is given out once, over all processes."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        # Derived from the index key, which does not rotate: the permutation has to be the same everywhere.
        self._key = keyring.blind_index("permutation", purpose="request.reference")
        self._values: list[int] = []
        self._refill = asyncio.Lock()

    async def take(self, count: int, at: datetime) -> Sequence[str]:
        """So many new reference numbers of the day of `at`."""
        while len(self._values) < count:
            async with self._refill:
                missing = count - len(self._values)
                if missing > 0:
                    await self._fetch(-(-missing // BLOCK))
        taken, self._values = self._values[:count], self._values[count:]
        return [reference(value, at, self._key) for value in taken]

    async def _fetch(self, blocks: int) -> None:
        for row in await self._database.statement(_NEXT_BLOCKS, blocks):
            first = row["block"] * BLOCK % CAPACITY
            self._values.extend(range(first, first + BLOCK))
