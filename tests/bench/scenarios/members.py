"""Catching up with 1, 2 and 4 members of one group, each a process, against as many bare inboxes."""

from collections.abc import Sequence

import asyncpg
import psutil

from shared.database.provision import Access
from tests.bench.bare.tables import make_tables as make_bare_tables
from tests.bench.figures import Figure, ratios
from tests.bench.ground import Ground, MeasuringFailed
from tests.bench.scenarios.catch_up import publish_events
from tests.support.messaging import eventually, make_tables

MEMBERS = (1, 2, 4)
FIGURES = tuple(f"catch_up_{members}_members_per_s" for members in MEMBERS)
_EVENTS = 50_000
_WITHIN_SECONDS = 240.0
_AIM = 0.4
"""As for one inbox."""


async def measure(ground: Ground) -> Sequence[Figure]:
    topic = ground.new_name("members")
    await publish_events(await ground.task("", topic), ground.sized(_EVENTS))
    rates: dict[tuple[str, int], list[float]] = {}
    for _ in range(ground.rounds):
        for members in MEMBERS:
            for side in ("ours", "bare"):
                rate = await _catch_up(ground, topic, side, members)
                rates.setdefault((side, members), []).append(rate)
    cores = psutil.cpu_count() or 1
    made: list[Figure] = []
    for members in MEMBERS:
        ours, bare = rates["ours", members], rates["bare", members]
        note = f"bare {sorted(bare)[len(bare) // 2]:.0f}; {cores} cores; {ground.log_note}".rstrip("; ")
        made.append(Figure(f"catch_up_{members}_members_per_s", ours, note=note))
        made.append(ratios(f"catch_up_{members}_members_ratio", ours, bare, _AIM))
        if members > 1:
            made.append(
                Figure(
                    f"catch_up_{members}_members_gain", _gains(ours, rates["ours", 1]), note="to one member"
                )
            )
            made.append(
                Figure(
                    f"catch_up_{members}_members_bare_gain",
                    _gains(bare, rates["bare", 1]),
                    note="the same of the bare inbox",
                )
            )
    return made


def _gains(more: Sequence[float], one: Sequence[float]) -> list[float]:
    return [mine / theirs for mine, theirs in zip(more, one, strict=True)]


async def _catch_up(ground: Ground, topic: str, side: str, members: int) -> float:
    """Events a second, from the first record that any member read until the last effect."""
    access = await ground.database()
    await (make_tables(access) if side == "ours" else make_bare_tables(access.owner_url))
    await ground.checkpoint()
    task = await ground.task(
        access.url if side == "ours" else access.owner_url, topic, group=ground.new_name("group")
    )
    children = [await ground.start(f"{side}.inbox", task.words()) for _ in range(members)]
    await _applied(ground, access, ground.sized(_EVENTS))
    reports = [await child.stop() for child in children]
    worked = [report for report in reports if report["records"]]
    ended = max(float(report["ended"]) for report in worked)
    began = min(float(report["began"]) for report in worked)
    return ground.sized(_EVENTS) / (ended - began)


async def _applied(ground: Ground, access: Access, events: int) -> None:
    admin = await asyncpg.connect(ground.admin_url(access))

    async def all_there() -> bool:
        return bool(await admin.fetchval("SELECT count(*) >= $1 FROM effect", events))

    try:
        await eventually(all_there, _WITHIN_SECONDS)
    except TimeoutError:
        raise MeasuringFailed(f"not all events were applied within {_WITHIN_SECONDS:.0f} s") from None
    finally:
        await admin.close()
