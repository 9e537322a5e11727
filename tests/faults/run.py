"""One run: people work, the plan is carried out, everything comes to rest, and the checker looks at all of it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import stamina.instrumentation

from shared.command.events import log_of
from tests.faults.checker import violations
from tests.faults.clients import Clients
from tests.faults.collecting import collect
from tests.faults.counting import Counting
from tests.faults.facts import History, State
from tests.faults.ground import Ground
from tests.faults.people import settle
from tests.faults.plan import Round
from tests.faults.resting import NotAtRest, at_rest
from tests.faults.striking import Striker, Struck


@dataclass(frozen=True)
class Result:
    history: History
    state: State
    struck: Sequence[Struck]
    violations: Sequence[str]
    asked_again: int
    """Tries of clients beyond the first of each call."""
    counted: Mapping[str, float]
    """What the workers' metrics showed, summed over restarts."""
    working_seconds: float
    rest_seconds: float
    """From the last fault, or the last call if that was later, until nothing was left to do."""


async def run(
    ground: Ground,
    rows: Sequence[Mapping[str, Any]],
    rounds: Iterable[Round],
    *,
    seed: int,
    seconds: float,
    rest: float,
    moved: float = 0.6,
    hurried: bool = False,
    beside: Callable[[], Coroutine[Any, Any, None]] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Result:
    """`seconds`: how long the filing takes; `moved`: share of the cases that are moved; `rest`: how many seconds the
    platform may take afterwards; `hurried`: no message waits for its next attempt then; `beside`: what else is done
    to the platform meanwhile, that no plan knows; when it is over nothing more is filed.
    """
    connection = ground.connection
    world = await settle(connection, rows)
    say(f"{len(world.workers)} workers and {len(rows)} messages; faults begin")
    clients, striker = Clients(connection, world, seed, seconds, moved), Striker(ground, say)
    tries = _count_tries()
    began = time.monotonic()
    async with Counting(connection.workers) as counting:
        async with asyncio.TaskGroup() as both:
            striking = both.create_task(striker.strike(rounds))
            striking.add_done_callback(lambda _: say(f"the last fault is over after {_since(began)}"))
            both.create_task(clients.work(rows))
            if beside is not None:
                await beside()
                clients.stopped = True
        worked = time.monotonic()
        say(f"the last client is done after {_since(began)}; waiting for rest")
        log = log_of(connection)
        await log.start()
        restless: list[str] = []
        try:
            try:
                await at_rest(ground.home, log, rest, hurried=hurried, say=say)
            except NotAtRest as still:
                restless.append(f"comes-to-rest: {still}")
            rested = time.monotonic()
            state = await collect(ground.home, log)
        finally:
            await log.stop()
    gone = [f"comes-back: {what}" for what in striker.gone]
    state.interruptions = striker.interruptions()
    return Result(
        history=clients.history,
        state=state,
        struck=sorted(striker.struck, key=lambda one: one.round.number),
        violations=[*gone, *restless, *violations(clients.history, state)],
        asked_again=tries[0],
        counted=counting.total,
        working_seconds=worked - began,
        rest_seconds=rested - worked,
    )


def _since(moment: float) -> str:
    return f"{time.monotonic() - moment:.0f} s"


def _count_tries() -> list[int]:
    tries = [0]

    def note(details: stamina.instrumentation.RetryDetails) -> None:
        tries[0] += details.retry_num > 0

    stamina.instrumentation.set_on_retry_hooks([note])
    return tries
