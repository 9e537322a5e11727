"""What the kit's producers write, Longxi's own consumers take: once, and a correction in the place of the first."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kits.conftest import Run
from tests.kits.owner import Owner
from tests.kits.running import KIT, tool
from tests.kits.test_consumers import java

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]  # several processes each, one of them a JVM


async def _notices(owner: Owner) -> list[dict[str, Any]]:
    await owner.settle()
    rows = await owner.running["intake"].admin.fetch("SELECT * FROM holiday_notice ORDER BY received")
    return [dict(row) for row in rows]


async def _dead(owner: Owner) -> int:
    found = await owner.running["intake"].admin.fetchval(
        "SELECT count(*) FROM held_event WHERE state = 'dead'"
    )
    return int(found)


def _corrected(folder: Path) -> Path:
    notice = json.loads((KIT / "python" / "notice-2027.json").read_text(encoding="utf-8"))
    path = folder / "corrected.json"
    path.write_text(json.dumps({**notice, "workdays": ["2027-01-10"]}), encoding="utf-8")
    return path


async def test_the_python_producers_notices_are_taken(owner: Owner, kafka: str, tmp_path: Path) -> None:
    outbox = ["--outbox", str(tmp_path / "outbox.db"), "--communities", "longxi"]
    words = ["python.producer", "--bootstrap-servers", kafka, *outbox]
    first = await tool(*words, "--notice", "python/notice-2027.json")
    assert (first.code, first.text) == (0, "1 events sent\n"), first
    (notice,) = await _notices(owner)
    assert (notice["tenant"], notice["year"], len(notice["holidays"])) == ("longxi", 2027, 7)

    second = await tool(*words, "--notice", str(_corrected(tmp_path)))
    assert second.code == 0, second
    (notice,) = await _notices(owner)
    assert [str(day) for day in notice["workdays"]] == ["2027-01-10"]

    assert (await tool(*words)).text == "0 events sent\n"
    assert await _dead(owner) == 0


async def test_the_java_producers_notices_are_taken(
    owner: Owner, kafka: str, run: Run, tmp_path: Path
) -> None:
    program = run(
        java(
            tmp_path,
            "district.Producer",
            [
                *["--bootstrap-servers", kafka, "--outbox", f"jdbc:h2:{tmp_path}/outbox"],
                *["--communities", "longxi", "--notice", str(_corrected(tmp_path))],
            ],
        )
    )
    await program.says("1 events sent")
    (notice,) = await _notices(owner)
    assert [str(day) for day in notice["workdays"]] == ["2027-01-10"]
    assert await _dead(owner) == 0
