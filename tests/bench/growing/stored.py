"""What stands on the tables alone, no service running: relay, catch-up, latency, replay, and the periodic jobs."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg

from shared.contracts.intake import RequestWithdrawn
from shared.database import Database
from shared.messaging.replay import Selection, request_replay
from tests.bench.chains import our_chain
from tests.bench.community import MEASURED
from tests.bench.figures import percentile
from tests.bench.ground import Ground, MeasuringFailed
from tests.bench.growing.clock import milliseconds
from tests.bench.growing.sizes import Found, Size
from tests.bench.scenarios.catch_up import EVENTS, publish_events, read_events
from tests.bench.scenarios.relay import drain
from tests.bench.seeding.plan import at_midnight
from tests.support.messaging import make_effect

_EVENTS = 1_000
_RATE = 200.0
_REPLAYED = 10_000
_DAYS_AGO = 7
_JOB_TURNS = 7


async def measure(ground: Ground, sizes: Sequence[Size], found: Found) -> None:
    topic = ground.new_name("catch-up")
    await publish_events(await ground.task("", topic), ground.sized(EVENTS))
    for size in sizes:
        await make_effect(size.community.accesses["casework"])
    for _ in range(ground.rounds):
        for size in sizes:
            intake, casework = size.community.accesses["intake"], size.community.accesses["casework"]
            await ground.checkpoint()
            found.rates["relay"][size.times].append((await drain(ground, "ours", of=intake))[0])
            found.rates["catch_up"][size.times].append(
                (await read_events(ground, topic, "ours", into=casework))[0]
            )
            await ground.checkpoint()
            taken = await our_chain(ground, ground.sized(_EVENTS), _RATE, between=(intake, casework))
            found.times["latency_p50"][size.times].append(percentile(taken, 0.5) * 1000)
            found.times["latency_p99"][size.times].append(percentile(taken, 0.99) * 1000)
            await _replay(ground, size, found)
    for _ in range(ground.rounds):
        for size in sizes:
            await _jobs(ground, size, found)


async def _replay(ground: Ground, size: Size, found: Found) -> None:
    """The same number of events at every size, from the middle of a day a week ago."""
    intake = size.community.accesses["intake"]
    begin, end, events = await _range(ground, size)
    database = Database(intake.url, pool=2)
    await database.start()
    for name, selection in (
        ("replay_of_range", Selection(from_time=begin, to_time=end)),
        ("replay_to_one", Selection(from_time=begin, to_time=end, consumer="bench")),
    ):
        taken = found.times[f"{name}_asked"][size.times]
        async with milliseconds(taken), database.everywhere() as session:
            asked = await request_replay(session, selection)
        if asked.events != events:
            raise MeasuringFailed(f"{asked.events} events selected, not {events}")
        task = await ground.task(intake.url, RequestWithdrawn.topic(), until=events)
        said = await (await ground.start("ours.relay", task.words())).report()
        found.rates[name][size.times].append(said["records"] / said["seconds"])
        await _finish(ground, size)
    await database.stop()


async def _range(ground: Ground, size: Size) -> tuple[datetime, datetime, int]:
    admin = await asyncpg.connect(ground.admin_url(size.community.accesses["intake"]))
    noon = at_midnight(size.plan.now, -_DAYS_AGO) + timedelta(hours=12)
    most = min(_REPLAYED, size.plan.requests // size.times // 5)
    rows = await admin.fetch(
        "SELECT recorded_at FROM outbox WHERE recorded_at >= $1 AND recorded_at < $2 ORDER BY recorded_at LIMIT $3",
        noon,
        noon + timedelta(hours=12),
        most + 1,
    )
    await admin.close()
    return noon, rows[-1]["recorded_at"], len(rows) - 1


async def _finish(ground: Ground, size: Size) -> None:
    """So that the next relay begins with nothing to do."""
    admin = await asyncpg.connect(ground.admin_url(size.community.accesses["intake"]))
    await admin.execute("DELETE FROM outbox_replay")
    await admin.close()


async def _jobs(ground: Ground, size: Size, found: Found) -> None:
    for service in MEASURED:
        words = [service, str(_JOB_TURNS)]
        child = await ground.start("ours.jobs", words, size.community.environment(service))
        said = await child.report()
        for job, taken in said.items():
            found.times[f"job_{service}_{job.replace('-', '_')}"][size.times].append(float(taken))
