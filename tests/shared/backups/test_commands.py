"""The commands, as an operator types them at a folder of secrets."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from shared.command.main import app
from shared.contracts.catalogue import SERVICES
from shared.database import Keyring
from tests.support.backups import Installation


async def longxi(*words: str) -> Result:
    """In a thread of its own: a command begins its own loop."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(words)))


@pytest.fixture
async def secrets(installation: Installation, tmp_path: Path) -> Path:
    """As `longxi secrets init` makes them, for databases of a test."""
    folder = tmp_path / "secrets"
    (folder / "keys").mkdir(parents=True)
    (folder / "postgres-admin-url").write_text(installation.admin_url)
    host = installation.admin_url.split("@")[1].split("/")[0]
    for service in SERVICES:
        known = service in {"employment", "intake"}
        database = (await installation.target(service)).database if known else f"longxi_none_{service}"
        role = f"longxi_{service}"
        (folder / f"{service}-database-url").write_text(f"postgresql://{role}:test@{host}/{database}")
        (folder / f"{service}-database-owner-url").write_text(
            f"postgresql://{role}_owner:test@{host}/{database}"
        )
    Keyring.write_new(folder / "keys" / "intake-master-keys.json")
    return folder


async def test_from_a_backup_to_a_restore(installation: Installation, secrets: Path, tmp_path: Path) -> None:
    there = str(tmp_path / "backups")
    here = ("--secrets", str(secrets), "--databases", "employment")
    open_by = ("--identity", str(installation.identity_file))
    done = await longxi("backup", *here, "--to", there, "--recipient", installation.recipient)
    assert done.exit_code == 0, done.output
    before = await installation.sums("employment")
    (secrets / "keys" / "intake-master-keys.json").unlink()

    refused = await longxi("restore", "--from", there, *open_by, *here, "--only", "databases")
    assert refused.exit_code == 1
    assert "--replace" in refused.output
    assert not (secrets / "keys" / "intake-master-keys.json").exists()
    rehearsed = await longxi("restore", "--from", there, *open_by, *here, "--rehearse")
    assert rehearsed.exit_code == 0, rehearsed.output
    restored = await longxi("restore", "--from", there, *open_by, *here, "--replace", "--keep-old")
    assert restored.exit_code == 0, restored.output
    assert "1." in restored.output
    Keyring.load(secrets / "keys" / "intake-master-keys.json")
    assert await installation.sums("employment") == before
    name = (await installation.target("employment")).database
    (old,) = (found for found in await installation.databases() if found.startswith(f"{name}_old_"))
    admin = await asyncpg.connect(installation.admin_url)
    await admin.execute(f'DROP DATABASE "{old}"')
    await admin.close()
    for secret in ("AGE-SECRET-KEY", installation.admin_url.split(":")[2].split("@")[0]):
        assert secret not in done.output + restored.output + rehearsed.output


async def test_a_master_key_is_changed_by_the_commands(installation: Installation, secrets: Path) -> None:
    file = secrets / "keys" / "intake-master-keys.json"
    access = await installation.access("intake")
    admin = await asyncpg.connect((await installation.target("intake")).url())
    try:
        await admin.execute("SELECT set_config('longxi.tenant', 'longxi', false)")
        id = "019a0000-0000-7000-8000-000000000001"
        await admin.execute(
            "INSERT INTO resident (id, language, version, created) VALUES ($1, 'zh', 1, now())", id
        )
        wrapped = Keyring.load(file).new_data_key().wrapped
        await admin.execute("INSERT INTO resident_key (resident, wrapped) VALUES ($1, $2)", id, wrapped)
    finally:
        await admin.close()

    def rewrap() -> "subprocess.CompletedProcess[str]":
        environment = {
            **os.environ,
            "DATABASE_URL": access.url,
            "MASTER_KEY_FILE": str(file),
            "LOCAL_LOG_URL": "postgresql://nobody@127.0.0.1:1/none",
        }
        words = [sys.executable, "-m", "services.intake", "rewrap"]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    assert (await longxi("secrets", "add-master-key", str(file))).exit_code == 0
    done = await asyncio.to_thread(rewrap)
    assert (done.returncode, "0 keys" in done.stdout) == (0, True), done
    assert (await longxi("secrets", "use-master-key", str(file))).exit_code == 0
    remove = ("secrets", "remove-master-key", str(file), "1", "--secrets", str(secrets))
    refused = await longxi(*remove)
    assert refused.exit_code == 1
    assert "rewrap" in refused.output
    done = await asyncio.to_thread(rewrap)
    assert (done.returncode, "1 keys" in done.stdout) == (0, True), done
    assert (await longxi(*remove)).exit_code == 0
    assert Keyring.load(file).current == "2"
