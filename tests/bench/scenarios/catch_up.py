"""Catching up: the inbox over 50,000 events with one insert for a batch, clean and with poison, against a bare inbox."""

from collections.abc import Sequence

from shared.database import new_id
from shared.database.provision import Access
from shared.messaging.log import open_log
from tests.bench.bare.tables import make_tables as make_bare_tables
from tests.bench.child import Task
from tests.bench.figures import Figure, ratios
from tests.bench.ground import Ground
from tests.support.messaging import envelope, make_tables

FIGURES = ("catch_up_per_s", "catch_up_ratio", "catch_up_poison_ratio", "catch_up_nameless_ratio")
EVENTS = 50_000
_OF_EACH = 5  # events of one request, far apart as in life
_POISON = 100  # one event of so many


async def measure(ground: Ground) -> Sequence[Figure]:
    topic = ground.new_name("catch-up")
    await publish_events(await ground.task("", topic), ground.sized(EVENTS))
    clean: list[float] = []
    poisoned: list[float] = []
    nameless: list[float] = []
    bare: list[float] = []
    cpu: list[float] = []
    for _ in range(ground.rounds):
        rate, seconds = await read_events(ground, topic, "ours")
        clean.append(rate)
        cpu.append(seconds)
        bare.append((await read_events(ground, topic, "bare"))[0])
        poisoned.append((await read_events(ground, topic, "ours", poison=_POISON))[0])
        nameless.append((await read_events(ground, topic, "ours", nameless=_POISON))[0])
    note = ground.log_note
    return [
        Figure("catch_up_per_s", clean, note=f"bare {sorted(bare)[len(bare) // 2]:.0f}; {note}".rstrip("; ")),
        ratios("catch_up_ratio", clean, bare, 0.4, note=note),
        ratios("catch_up_poison_ratio", poisoned, clean, 0.9, note="1 % of events fail in their handler"),
        ratios("catch_up_nameless_ratio", nameless, clean, note="1 % of events fail, and nobody says which"),
        Figure("inbox_cpu_s_per_million", cpu),
    ]


async def publish_events(task: Task, events: int) -> None:
    """Five of each of so many requests, far apart."""
    subjects = [new_id() for _ in range(events // _OF_EACH)]
    log = open_log(task)
    await log.start()
    for sequence in range(1, _OF_EACH + 1):
        for place in range(0, len(subjects), 1000):
            made = [envelope(subject, sequence) for subject in subjects[place : place + 1000]]
            await log.publish([one.to_record(task.topic) for one in made])
    await log.stop()


async def read_events(
    ground: Ground, topic: str, side: str, *, into: Access | None = None, **more: int
) -> tuple[float, float]:
    """Events a second, and seconds of CPU of the inbox's process for a million; `into` fresh tables, or these.

    `more` is told to the inbox: `poison`, `nameless`.
    """
    if into is None:
        into = await ground.database()
        await (make_tables(into) if side == "ours" else make_bare_tables(into.owner_url))
    await ground.checkpoint()
    events = ground.sized(EVENTS)
    task = await ground.task(into.url, topic, group=ground.new_name("group"), until=events, **more)
    said = await (await ground.start(f"{side}.inbox", task.words())).report()
    return said["records"] / said["seconds"], said["cpu"] / said["records"] * 1e6
