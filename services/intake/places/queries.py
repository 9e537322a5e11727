"""Which grid an address lies in, by the grids of the tenant, kept in this process for seconds."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from shared.addressing import Coverage, GridCoverage
from shared.clock import Clock
from shared.database import Database

KEPT = timedelta(seconds=5)

_GRIDS = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
SELECT place.grid, place.kind, place.places, place.catch_all
FROM scope CROSS JOIN LATERAL (SELECT * FROM grid_place WHERE tenant = scope.tenant OFFSET 0) place
ORDER BY place.grid
"""


class Place(NamedTuple):
    """Where a request is: its grid, and the place that decided (None for the catch-all)."""

    grid: UUID | None
    place: str | None


NOWHERE = Place(None, None)


class Grids:
    """The grids of each tenant, ready to be asked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._held: dict[str, tuple[Coverage[UUID], Sequence[asyncpg.Record], datetime]] = {}

    async def place(self, tenant: str, address: str | None) -> Place:
        """NOWHERE without an address, and before casework has published a catch-all grid."""
        if address is None:
            return NOWHERE
        match = (await self._coverage(tenant)).resolve(address)
        return NOWHERE if match is None else Place(match.grid, match.place)

    async def _coverage(self, tenant: str) -> Coverage[UUID]:
        held, now = self._held.get(tenant), self._clock()
        if held is not None and held[2] > now:
            return held[0]
        # A process learns of a changed grid by this alone: the event goes to a worker process.
        rows = await self._database.statement(_GRIDS, tenant)
        # Reading hundreds of places takes milliseconds: only where one has changed.
        if held is None or held[1] != rows:
            made = Coverage(
                GridCoverage(row["grid"], row["kind"], row["places"], row["catch_all"]) for row in rows
            )
        else:
            made = held[0]
        self._held[tenant] = (made, rows, now + KEPT)
        return made
