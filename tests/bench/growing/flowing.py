"""What flows through running services: told, and filing."""

from collections.abc import Sequence

from shared.security import Role
from tests.bench.community import TENANT
from tests.bench.figures import percentile
from tests.bench.ground import Ground
from tests.bench.growing.sizes import Found, Size
from tests.bench.scenarios.filing import Side, file_many
from tests.bench.scenarios.platform import told

_PORTALS = 1_000
"""So many that chance gives none of them more than its limit of requests a minute."""
_RESIDENTS = 200
_REQUESTS = 100
_SHARE = 0.7


async def measure_told(ground: Ground, sizes: Sequence[Size], found: Found) -> None:
    """APIs and workers of every size run."""
    for _ in range(ground.rounds):
        for size in sizes:
            taken = await told(size.community.connection, size.residents(20), ground.sized(_REQUESTS))
            found.times["told_p50"][size.times].append(percentile(taken, 0.5) * 1000)


async def measure_filing(ground: Ground, sizes: Sequence[Size], found: Found) -> None:
    """Only the APIs run, so that nothing else uses the machine."""
    sides = {size.times: side_of(size) for size in sizes}
    for _ in range(ground.rounds):
        for size in sizes:
            await ground.checkpoint()
            rate = (await file_many(ground, sides[size.times]))["per_second"]
            found.rates["filing"][size.times].append(rate)
            tail = await file_many(ground, sides[size.times], rate * _SHARE)
            found.times["filing_p99"][size.times].append(tail["p99"] * 1000)


def side_of(size: Size) -> Side:
    """As many callers as their limits let through."""
    mint = size.community.issuer.mint
    tokens = [mint(TENANT, f"portal-{number}", [Role.PORTAL]) for number in range(_PORTALS)]
    return Side(size.community.stack.urls["intake"], size.residents(_RESIDENTS), tokens)
