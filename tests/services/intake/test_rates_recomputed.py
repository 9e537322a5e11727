"""Guards docs/invariants/rates-can-be-recomputed.md: the figures that SQL gives are the fold over the events."""

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.intake.rates import queries
from services.intake.rates.actions import settle
from services.intake.rates.months import bounds
from services.intake.rates.queries import Narrowed
from services.intake.rates.rules import Book, fold, month_of
from services.intake.rates.tallies import By, Tally, key_of, tally
from shared.contracts.base import Event
from shared.contracts.casework import CaseAccepted, CaseSubmitted
from shared.contracts.catalogue import BY_TYPE
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned

_EVENTS = text("SELECT type, data, time FROM outbox ORDER BY position")
CATEGORIES = ("010503", "0201", None)
CHANNELS = ("web", "hotline")


class Life:
    """One request on a random way through the machine, and what casework said of it."""

    def __init__(self, intake: Intake, chance: random.Random, resident: str) -> None:
        self.intake = intake
        self.chance = chance
        self.resident = resident
        self.heard: list[tuple[datetime, Event]] = []

    async def live(self) -> None:
        pick = self.chance.choice
        receipt = await self.intake.file(
            self.resident,
            channel=pick(CHANNELS),
            urgency=pick(("normal", "urgent")),
            **({} if (category := pick(CATEGORIES)) is None else {"category": category}),
        )
        self.id = receipt["id"]
        self.wait()
        for _ in range(self.chance.randrange(3)):
            body = {"urgency": pick(("normal", "long", "urgent")), "category": pick(("0105", "02"))}
            await self.move("reclassify", {**body, "reason": "new_facts"})
            self.wait()
        if self.chance.random() < 0.25:
            await self.move(*pick((("reject", {"reason": "out_of_area"}), ("withdraw", None))))
            return
        for _ in range(self.chance.choice((1, 1, 2))):
            await self.handle()
            if self.chance.random() < 0.15:
                return
            await self.rate()
            self.wait()
            if (await self.move("reopen", {"reason": "came_back"})) != 200:
                return

    async def handle(self) -> None:
        ids: dict[str, Any] = {"request": UUID(self.id), "resident": UUID(self.resident)}
        self.worker = new_id()
        await self.intake.receive(assigned(self.id, self.resident, self.worker))
        await self.intake.receive(CaseAccepted(**ids, worker=self.worker, within_limit=True))
        self.wait()
        effort = self.chance.choice((0, 25))
        done = CaseSubmitted(**ids, worker=self.worker, result="fixed", effort=effort)
        await self.intake.receive(done)
        self.heard.append((self.intake.clock(), done))
        if self.chance.random() < 0.7:
            self.wait()
        await self.move("verify", None)
        await self.move("close", {"outcome": "resolved"})
        self.wait()

    async def rate(self) -> None:
        answers = {name: self.chance.random() < 0.7 for name in ("responded", "resolved", "satisfied")}
        if self.chance.random() < 0.3:
            answers |= {"excluded": True, "reason": "unreachable"}  # type: ignore[dict-item]  # a body in JSON
        by = str(self.worker) if self.chance.random() < 0.2 else "head-2"
        await self.intake.as_(Role.HEAD, by).post(f"/v1/requests/{self.id}/rate", json=answers)

    async def move(self, move: str, body: dict[str, Any] | None) -> int:
        role = Role.PORTAL if move == "withdraw" else Role.HEAD
        return (await self.intake.move(self.id, move, body, role=role)).status_code

    def wait(self) -> None:
        # Never nothing: two events of one moment have no order.
        self.intake.clock.advance(timedelta(minutes=self.chance.choice((1, 60, 300, 2400, 12000))))


async def events_of(intake: Intake, heard: Sequence[tuple[datetime, Event]]) -> list[tuple[datetime, Event]]:
    """Ours from the outbox and casework's, in the order in which they happened."""
    async with intake.database.transaction("longxi") as session:
        rows = (await session.execute(_EVENTS)).all()
    ours = [(row.time, BY_TYPE[row.type].model_validate_json(bytes(row.data))) for row in rows]
    # A filing is the first of its request, whatever the database's clock said of it.
    filed = [(at, event) for at, event in ours if event.type == "request.filed"]
    others = [(at, event) for at, event in ours if event.type != "request.filed"]
    return filed + sorted([*heard, *others], key=lambda timed: timed[0])


def folded(book: Book, by: By, first: date, last: date) -> Mapping[str | None, Tally]:
    """What the fold says of these months."""
    found = dict(tally([mark for mark in book.marks if first <= mark.month <= last], by))
    start, end = bounds(first, last)
    for field, courses in (("waiting", book.waiting), ("history", book.history)):
        for course in courses:
            at = course.closed if field == "waiting" else course.filed
            assert at is not None
            if start <= at < end:
                key = key_of(course, by, f"{month_of(at):%Y-%m}")
                line = found.setdefault(key, Tally())
                setattr(line, field, getattr(line, field) + 1)
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_the_figures_are_the_fold_over_the_events(intake: Intake, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a way through the machine, no secret
    resident = await intake.resident()
    heard: list[tuple[datetime, Event]] = []
    for _ in range(12):
        life = Life(intake, chance, resident)
        await life.live()
        heard += life.heard
    await intake.as_(Role.PORTAL).post(
        "/v1/requests/bulk",
        json={
            "source": "mayors-letters",
            "history": True,
            "requests": [
                {
                    "external_id": "1",
                    "resident_ref": "1",
                    "subject": "路灯",
                    "body": "路灯坏了",
                    "submitted_at": intake.clock().isoformat(),
                }
            ],
        },
    )
    book = fold(await events_of(intake, heard))
    assert len(book.marks) > 8
    first, last = date(2026, 1, 1), date(2028, 12, 1)
    months = {mark.month for mark in book.marks}
    for by in By:
        for start, end in ((first, last), (min(months), min(months)), (max(months), max(months))):
            async with intake.database.transaction("longxi") as session:
                counted = await queries.tallies(session, start, end, by, Narrowed())
            assert counted == folded(book, by, start, end), (by, start)


async def test_lines_that_are_missing_are_written_from_the_stories(intake: Intake) -> None:
    """As after an update from a release that wrote none."""
    chance = random.Random(7)  # noqa: S311 - as above
    resident = await intake.resident()
    for _ in range(6):
        await Life(intake, chance, resident).live()
    everything = 'SELECT * FROM rate_mark ORDER BY "entry"'
    before = await intake.rows(everything)
    assert before
    await intake.rows("DELETE FROM rate_mark RETURNING 1")
    await intake.run("rates-settling")
    assert await intake.rows(everything) == before
    async with intake.database.transaction("longxi") as session:
        assert await settle(session, after=UUID(int=0), count=10) == []


async def test_each_chunk_of_missing_lines_goes_on_where_the_last_one_ended(intake: Intake) -> None:
    resident = await intake.resident()
    rejected = [(await intake.file(resident))["id"] for _ in range(3)]
    for request in rejected:
        await intake.move(request, "reject", {"reason": "out_of_area"})
    await intake.rows("DELETE FROM rate_mark RETURNING 1")
    async with intake.database.transaction("longxi") as session:
        settled = await settle(session, after=UUID(rejected[0]), count=1)
    assert [str(request) for request in settled] == [rejected[1]]
    assert [str(line.request) for line in await intake.rows("SELECT request FROM rate_mark")] == [rejected[1]]
