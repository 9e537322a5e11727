"""Nothing is lost, doubled or mixed up when parts die or cannot reach each other: the short run, on each event log."""

import os
from collections import Counter
from pathlib import Path

import pytest

from shared.testing.kafka_jars import KafkaUnavailable, jars, java
from tests.faults.ground import ground
from tests.faults.people import messages
from tests.faults.plan import Kind, Lengths, plan, strikes
from tests.faults.run import run
from tests.support.requirements import missing

SEED = int(os.environ.get("LONGXI_FAULTS_SEED", "20261124"))
REQUESTS, KILLS = 240, 20
_LENGTHS = Lengths(pause=0.8, frozen=3.0, broken=3.0)
_REST_SECONDS = 150.0
"""A killed sender's messages wait for their lease of a minute."""


def _deck(parts: list[str], links: list[str]) -> list[tuple[Kind, str]]:
    """Kills of everything, of what is up again at once twice; a few of what else can happen and is over soon."""
    kills = strikes(parts, [], disk=False, kinds=[Kind.KILL])
    again = [strike for strike in kills if strike[1] not in {"postgres", "kafka"}]
    frozen = [(Kind.FREEZE, "intake-worker"), (Kind.FREEZE, "casework-api"), (Kind.FREEZE, "mail")]
    cuts = [(Kind.CUT, link) for link in links[:: len(links) // 4]]
    return [*kills, *again, *frozen, *cuts, (Kind.TERMINATE, "casework-relay")]


@pytest.mark.timeout(420)
@pytest.mark.parametrize("log", ["local", pytest.param("kafka", marks=pytest.mark.kafka)])
async def test_every_promise_holds_after_many_kills(tmp_path: Path, log: str) -> None:
    """Guards docs/invariants/nothing-is-lost-when-a-process-dies.md. LONGXI_FAULTS_SEED chooses other moments."""
    if log == "kafka":
        try:
            java(), jars()
        except KafkaUnavailable as reason:
            missing("Apache Kafka", str(reason))
    rows, _ = messages(tmp_path, REQUESTS)
    async with ground(tmp_path, kafka=log == "kafka") as it:
        deck = _deck(it.parts, list(it.mesh.links))
        rounds = list(plan(SEED, len(deck), deck, _LENGTHS))
        seconds = sum(one.after for one in rounds)
        result = await run(
            it,
            rows,
            rounds,
            seed=SEED,
            seconds=seconds,
            rest=_REST_SECONDS,
            moved=0.25,
            hurried=True,
            say=print,
        )
    kinds = Counter(one.round.kind for one in result.struck)
    print(
        f"seed {SEED}: {dict(kinds)} in {result.working_seconds:.0f} s, at rest {result.rest_seconds:.0f} s later,"
        f" {len(result.state.recorded)} events"
    )
    assert kinds[Kind.KILL] >= KILLS
    assert len({one.round.victim for one in result.struck if one.round.kind is Kind.KILL}) >= 8
    struck = [f"{one.round.kind} {one.round.victim}" for one in result.struck]
    assert not result.violations, f"seed {SEED}, {struck}:\n" + "\n".join(result.violations[:40])
