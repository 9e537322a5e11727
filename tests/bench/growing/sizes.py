"""The sizes: one community, copied, each with a longer past."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from uuid import UUID

import asyncpg

from tests.bench.community import MEASURED, Community, copy_of, new_community, staff_and_grids
from tests.bench.figures import Figure
from tests.bench.ground import Ground
from tests.bench.seeding.filling import fill, relaxed
from tests.bench.seeding.plan import Plan
from tests.bench.seeding.words import id_of

TIMES = (1, 4, 16)
_MOST_OPEN = 2_500
_BLOCK = 20_000
_SLOWER = 1.2  # times as long, "none worse by more than a fifth"
_LESS = 0.8


@dataclass(frozen=True, slots=True)
class Size:
    """One of the communities that are compared, with `times` the requests of the smallest."""

    times: int
    community: Community
    plan: Plan

    def request(self, back: int) -> UUID:
        """The id of the request so many before the last."""
        return id_of(self.plan, "request", self.plan.requests - back)

    def residents(self, count: int) -> list[str]:
        """Of those who have no phone."""
        return [
            str(id_of(self.plan, "resident", 2 * number))
            for number in range(min(count, self.plan.residents // 2))
        ]


@dataclass(slots=True)
class Found:
    """Values by name and size, one a round."""

    rates: dict[str, dict[int, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    times: dict[str, dict[int, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    of_a_span: set[str] = field(default_factory=set)
    """Names of what concerns a span of time, in which there is as many times more: these may grow along."""

    def figures(self) -> list[Figure]:
        """For each name the value at the smallest size, and what becomes of it at the others."""
        made: list[Figure] = []
        for kind, unit in ((self.rates, "per_s"), (self.times, "ms")):
            for name, sizes in kind.items():
                made += _figures(name, unit, sizes, may_grow=name in self.of_a_span)
        return made


def _figures(name: str, unit: str, sizes: dict[int, list[float]], *, may_grow: bool) -> Iterable[Figure]:
    first = sizes.get(TIMES[0], [])
    parts = {f"{times}x": median(values) for times, values in sizes.items() if values}
    yield Figure(
        f"growth_{name}_{unit}", first, note=", ".join(f"{size} {value:.4g}" for size, value in parts.items())
    )
    for times in TIMES[1:]:
        grown = [mine / theirs for mine, theirs in zip(sizes.get(times, []), first, strict=False)]
        limit, at_least = (_LESS, True) if unit == "per_s" else (_SLOWER, False)
        note = "of a span of time, in which there is as many times more" if may_grow else ""
        yield Figure(f"growth_{name}_{times}x_ratio", grown, None if may_grow else limit, at_least, note=note)


@asynccontextmanager
async def sizes_of(
    ground: Ground, wanted: Sequence[int] = TIMES, services: Sequence[str] = MEASURED
) -> AsyncIterator[Sequence[Size]]:
    """All of these at once, with these services' databases filled; they are dropped at the end."""
    first = await new_community(ground)
    workers, grids = await staff_and_grids(ground, first)
    least = max(ground.requests // TIMES[-1], 100)
    now = datetime.now(UTC)
    communities = [first, *[await copy_of(ground, first) for _ in wanted[1:]]]
    sizes = [
        Size(
            times,
            community,
            Plan(least * times, min(_MOST_OPEN, least // 4), min(_BLOCK, least), workers, grids, now),
        )
        for times, community in zip(wanted, communities, strict=True)
    ]
    await relaxed(ground.postgres.url, on=True)
    for size in sizes:
        accesses = size.community.accesses
        keyring = size.community.keyring
        taken = await asyncio.gather(
            *(
                fill(service, ground.admin_url(access), size.plan, keyring)
                for service, access in accesses.items()
                if service in services
            )
        )
        sys.stderr.write(f"  {size.plan.requests:,} requests seeded in {max(taken):.0f} s\n")
    await relaxed(ground.postgres.url, on=False)
    try:
        yield sizes
    finally:
        await _drop(ground, sizes)


async def _drop(ground: Ground, sizes: Sequence[Size]) -> None:
    admin = await asyncpg.connect(ground.postgres.url)
    for size in sizes:
        for access in size.community.accesses.values():
            await admin.execute(f'DROP DATABASE "{access.url.rsplit("/", 1)[1]}" WITH (FORCE)')
    await admin.close()
