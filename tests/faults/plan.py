"""Which fault strikes whom, when and for how long: all of it follows from a seed."""

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.catalogue import SERVICES


class Kind(StrEnum):
    KILL = "kill"
    """SIGKILL; whoever watches over it starts it again."""
    FREEZE = "freeze"
    """SIGSTOP, and SIGCONT later."""
    RESTART = "restart"
    """Told to stop in order, and started again."""
    IMMEDIATE = "immediate stop"
    """PostgreSQL ends without a checkpoint (SIGQUIT)."""
    TERMINATE = "terminate connection"
    """An administrator ends the connection that the relay leads with."""
    FULL = "full disk"
    FULL_LOG = "full disk, write-ahead log"
    """The same, and no room is left in the write-ahead log: PostgreSQL ends."""
    CUT = "cut"
    """RST for what is open and what comes."""
    HOLE = "black hole"
    """Nothing arrives, and all of it later."""
    FORGET = "black hole, forgotten"
    """Nothing arrives, and then the connections are reset."""
    SLOW = "slow link"


@dataclass(frozen=True, slots=True)
class Round:
    number: int
    kind: Kind
    victim: str
    after: float
    """Seconds after the round before."""
    seconds: float
    """How long it lasts; 0 for what is over at once."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Seconds: between two rounds on average, of a frozen process, and of a fault of the network or disk at most."""

    pause: float = 11.0
    frozen: float = 30.0
    broken: float = 25.0


PROCESSES = tuple(f"{service}-{role}" for service in SERVICES for role in ("api", "worker"))
_AT_ONCE = frozenset({Kind.KILL, Kind.RESTART, Kind.IMMEDIATE, Kind.TERMINATE})
_OF_LINKS = (Kind.CUT, Kind.HOLE, Kind.FORGET, Kind.SLOW)
_OF_QUIET_LINKS = (Kind.CUT,)
_OF_PROCESSES = (Kind.KILL, Kind.FREEZE, Kind.RESTART)


def strikes(
    parts: Collection[str], links: Collection[str], *, disk: bool, kinds: Collection[Kind] = tuple(Kind)
) -> list[tuple[Kind, str]]:
    """Every fault that can happen, once each. `parts`: servers that are there beside the services' processes.

    Most services call another only when they miss events of it: those links are cut, and not disturbed in finer ways.
    """
    found = [(kind, victim) for victim in (*PROCESSES, *parts) for kind in _OF_PROCESSES]
    found += [(Kind.IMMEDIATE, "postgres")]
    found += [(Kind.TERMINATE, f"{service}-relay") for service in SERVICES]
    found += [(kind, link) for link in links for kind in (_OF_QUIET_LINKS if _quiet(link) else _OF_LINKS)]
    if disk:
        found += [(Kind.FULL, "postgres"), (Kind.FULL_LOG, "postgres")] * 2
    return [strike for strike in found if strike[0] in kinds]


def _quiet(link: str) -> bool:
    service, _, part = link.partition("-")
    return part in SERVICES and service != "notifications"


def plan(
    seed: int, rounds: int, deck: Sequence[tuple[Kind, str]], lengths: Lengths | None = None
) -> Iterator[Round]:
    """`rounds` of them. Each fault of the deck comes up before any comes up again."""
    lengths = lengths or Lengths()
    luck = random.Random(seed)  # noqa: S311 - chance for a test
    left: list[tuple[Kind, str]] = []
    for number in range(1, rounds + 1):
        if not left:
            left = sorted(deck)
            luck.shuffle(left)
        kind, victim = left.pop()
        after = luck.expovariate(1 / lengths.pause)
        share = luck.uniform(0.2, 1)
        if kind is Kind.FREEZE:
            seconds = lengths.frozen
        else:
            seconds = 0.0 if kind in _AT_ONCE else lengths.broken * share
        yield Round(number, kind, victim, min(after, lengths.pause * 3), seconds)
