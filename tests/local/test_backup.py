"""`longxi backup` and `longxi restore` as people type them, at an embedded platform: running, and lost."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from tests.support.embedded import Embedded

pytestmark = pytest.mark.timeout(900)
_COUNTS = {"intake": ("resident", "request"), "casework": ("worker", "case"), "employment": ("vacancy",)}


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Embedded]:
    platform = Embedded(tmp_path)
    yield platform
    platform.destroy()


def counts(platform: Embedded) -> dict[str, int]:
    """Rows of some tables, while it runs."""
    password = (platform.home.postgres / "password").read_text()
    port = json.loads((platform.home.folder / "ports.json").read_text())["postgres"]

    async def ask() -> dict[str, int]:
        found = {}
        for service, tables in _COUNTS.items():
            url = f"postgresql://postgres:{password}@127.0.0.1:{port}/longxi_{service}"
            connection = await asyncpg.connect(url)
            for table in tables:
                found[table] = await connection.fetchval(f'SELECT count(*) FROM "{table}"')  # noqa: S608
            await connection.close()
        return found

    return asyncio.run(ask())


def test_a_platform_whose_folder_is_gone_comes_back_from_a_backup(embedded: Embedded, tmp_path: Path) -> None:
    identity, backups = tmp_path / "identity.txt", tmp_path / "backups"
    made = embedded.command("backup", "new-identity", str(identity))
    assert made.returncode == 0, made.stderr
    recipient = made.stdout.strip()
    assert recipient.startswith("age1")

    embedded.start()
    before = counts(embedded)
    assert all(before.values())
    here = ("--home", str(embedded.home.folder))
    done = embedded.command("backup", *here, "--to", str(backups), "--recipient", recipient)
    assert done.returncode == 0, done.stderr
    assert embedded.alive()
    there = ("--from", str(backups))
    refused = embedded.command("restore", *there, "--identity", str(identity), *here, "--replace")
    assert refused.returncode == 1
    assert "stop it first" in _flat(refused.stderr)
    embedded.stop()

    listed = embedded.command("backup", "list", *there)
    assert "longxi-" in listed.stdout
    assert embedded.command("backup", "verify", *there, "--identity", str(identity)).returncode == 0
    refused = embedded.command("restore", *there, "--identity", str(identity), *here)
    assert refused.returncode == 1
    assert "--replace" in _flat(refused.stderr)
    shutil.rmtree(embedded.home.folder)

    done = embedded.command("restore", *there, "--identity", str(identity), *here)
    assert done.returncode == 0, done.stderr
    assert "what to do next" in _flat(done.stderr)
    embedded.start()
    assert counts(embedded) == before, "the sample is not loaded a second time"
    checked = embedded.command("doctor")
    assert checked.returncode == 0, checked.stdout + checked.stderr

    again = embedded.command("backup", *here, "--to", str(backups), "--recipient", recipient)
    assert again.returncode == 0, again.stderr
    assert embedded.stop() == 0
    replaced = embedded.command("restore", *there, "--identity", str(identity), *here, "--replace")
    assert replaced.returncode == 0, replaced.stderr
    assert "旧的留存 set aside 0" in _flat(replaced.stderr)
    said = made.stdout + made.stderr + done.stderr + replaced.stderr
    assert "AGE-SECRET-KEY" not in said


def _flat(said: str) -> str:
    """Without the breaks of a narrow screen."""
    return " ".join(said.split())
