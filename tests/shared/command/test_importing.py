"""`longxi import requests` against a platform: every row is filed once, whatever happened to the run before."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.command.connection import ServiceClient
from shared.command.importing.filing import Report, file_rows
from shared.command.importing.reading import COLUMNS, Row, read
from shared.command.main import app
from shared.security import Role
from shared.testing.serving import serving
from tests.support.community import Community
from tests.support.platform import TENANT, Platform

KEYS = ["rows", "filed", "already", "refused", "assigned", "told", "lost", "seconds"]
REAL = Path(__file__).parents[4] / "shared" / "data" / "messages.csv"
pytestmark = [
    pytest.mark.parametrize("ground", ["embedded"], indirect=True),
    pytest.mark.timeout(240),
]


@dataclass
class Office:
    """Intake on a port, as the command reaches it, and somebody to assign to."""

    platform: Platform
    url: str
    token: str

    async def run(self, *words: str) -> tuple[int, Mapping[str, float], str]:
        """Exit code, the summary of the last line, and what was said beside it."""
        environment = {"LONGXI_INTAKE_URL": self.url, "LONGXI_TOKEN": self.token, "LONGXI_TENANT": TENANT}
        done = await asyncio.to_thread(
            CliRunner().invoke, app, ["import", "requests", *words, "--summary", "json"], env=environment
        )
        lines = done.stdout.strip().splitlines()
        assert lines, f"{done.exit_code}: {done.stderr} {done.exception!r}"
        summary: Mapping[str, float] = json.loads(lines[-1])
        assert list(summary) == KEYS
        return done.exit_code, summary, done.stderr

    def client(self) -> ServiceClient:
        return ServiceClient("intake", self.url, self.token, timedelta(seconds=10))


@pytest.fixture
async def office(platform: Platform, community: Community) -> AsyncIterator[Office]:
    for name in ("欧阳明瑾", "上官慧兰"):
        worker = await community.worker(name)
    await community.grid(worker, catch_all=True, kind="area")
    await platform.settle()
    token = platform.issuer.mint(TENANT, "importer", [Role.OPERATOR])
    async with serving(platform.routes.apps["intake.test"]) as url:
        yield Office(platform, url, token)


def _write(file: Path, rows: int, *bad: str) -> Path:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number in range(rows):
            writer.writerow(
                [f"M{number}", f"U{number % 7}", "2025-03-04 09:00:00", f"第{number}件", "请处理"]
            )
        out.writelines(line + "\n" for line in bad)
    return file


async def test_bad_rows_are_refused_and_the_rest_is_filed_assigned_and_told_once(
    office: Office, tmp_path: Path
) -> None:
    file = _write(
        tmp_path / "messages.csv",
        130,
        ",U1,2025-03-04 09:00:00,没有编号,x",
        "B1,U1,2099-01-01 09:00:00,将来的信,x",
        "B2,U1,2025-03-04 09:00:00,,没有标题",
    )
    code, summary, said = await office.run(str(file), "--wait")
    assert code == 1, "something was refused"
    assert {**summary, "seconds": 0} == {
        "rows": 133,
        "filed": 130,
        "already": 0,
        "refused": 3,
        "assigned": 130,
        "told": 130,
        "lost": 0,
        "seconds": 0,
    }
    with (tmp_path / "messages.refused.csv").open(encoding="utf-8", newline="") as report:
        refused = [(row["line"], row["message_id"], row["field"]) for row in csv.DictReader(report)]
    assert sorted(refused) == [
        ("132", "", "message_id"),
        ("133", "B1", "submitted_at"),
        ("134", "B2", "subject"),
    ]
    assert "第 133 行" in said
    assert "没有标题" not in said, "reasons, and none of the text"

    code, again, _ = await office.run(str(file), "--wait")
    assert (again["filed"], again["already"], again["refused"], again["lost"]) == (0, 130, 3, 0)
    assert (again["assigned"], again["told"]) == (130, 130)
    assert await office.platform.running["casework"].admin.fetchval('SELECT count(*) FROM "case"') == 130


async def test_an_import_that_was_interrupted_is_finished_by_the_next(office: Office, tmp_path: Path) -> None:
    file = _write(tmp_path / "messages.csv", 250)
    begun = asyncio.Event()

    def progress(_: Report) -> None:
        begun.set()

    async with office.client() as client:
        rows = read(file)
        first = asyncio.create_task(
            file_rows(client, rows, source="import", history=False, concurrency=1, progress=progress)
        )
        await begun.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
    _, summary, _ = await office.run(str(file), "--wait")
    assert summary["filed"] + summary["already"] == 250
    assert summary["already"] >= 100, "what the first run had filed is not filed again"
    assert (summary["assigned"], summary["told"], summary["lost"]) == (250, 250, 0)
    assert await office.platform.running["intake"].admin.fetchval("SELECT count(*) FROM request") == 250


async def test_records_of_the_past_are_filed_and_nobody_is_assigned(office: Office, tmp_path: Path) -> None:
    code, summary, _ = await office.run(str(_write(tmp_path / "old.csv", 20)), "--as-history", "--wait")
    assert code == 0
    assert (summary["filed"], summary["assigned"], summary["told"], summary["lost"]) == (20, 0, 0, 0)
    await office.platform.settle()
    assert await office.platform.running["casework"].admin.fetchval('SELECT count(*) FROM "case"') == 0


@pytest.mark.skipif(
    not REAL.exists(), reason="the folder with the real messages is not beside this repository"
)
async def test_real_messages_are_filed_assigned_and_told(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "real.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for row in islice((row for row in read(REAL) if isinstance(row, Row)), 200):
            named = {**row.request, "message_id": row.external_id}
            writer.writerow([named[column] for column in COLUMNS])
    code, summary, said = await office.run(str(file), "--wait")
    assert code == 0, said
    assert (summary["rows"], summary["filed"], summary["refused"]) == (200, 200, 0)
    assert (summary["assigned"], summary["told"], summary["lost"]) == (200, 200, 0)
