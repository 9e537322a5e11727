"""Point in time, as docs/backup.md has it: WAL is archived, a base backup taken, and the server recovered to a moment."""

import asyncio
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncpg
import pytest

from shared.local import unprivileged
from shared.local.postgres import PostgresServer, binaries

pytestmark = pytest.mark.timeout(180)


async def _ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def ask(url: str, sql: str) -> object:
    return asyncio.run(_ask(url, sql))


def test_rows_up_to_the_moment_come_back_and_later_ones_do_not(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    unprivileged.prepare(archive)
    server = PostgresServer(tmp_path / "server")
    server.start()
    try:
        # What the page tells the operator to set.
        for setting in (
            "archive_mode = 'on'",
            f"archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'",
            "archive_timeout = '60s'",
        ):
            ask(server.url, f"ALTER SYSTEM SET {setting}")
        server.stop()
        server.start()
        ask(server.url, "CREATE TABLE note AS SELECT 'before the base backup' AS word")
        _base_backup(server, tmp_path / "base")
        ask(server.url, "INSERT INTO note VALUES ('kept')")
        time.sleep(1)
        moment = ask(server.url, "SELECT clock_timestamp()::text")
        time.sleep(1)
        ask(server.url, "INSERT INTO note VALUES ('a mistake')")
        ask(server.url, "SELECT pg_switch_wal()")
        _wait(lambda: ask(server.url, "SELECT archived_count FROM pg_stat_archiver"))
        _wait(
            lambda: ask(
                server.url,
                "SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver",
            )
        )
    finally:
        server.stop()
    shutil.rmtree(server.folder)

    recovered = PostgresServer(tmp_path / "recovered")
    recovered.folder.mkdir()
    shutil.copy(tmp_path / "password", recovered.folder / "password")
    shutil.move(tmp_path / "base", recovered.folder / "data")
    with (recovered.folder / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"restore_command = 'cp {archive}/%f %p'\n"
            f"recovery_target_time = '{moment}'\n"
            "recovery_target_action = 'promote'\n"
            "archive_mode = 'off'\n"
        )
    (recovered.folder / "data" / "recovery.signal").touch()
    unprivileged.prepare(recovered.folder, binaries())
    recovered.start()
    try:
        _wait(lambda: ask(recovered.url, "SELECT NOT pg_is_in_recovery()"))
        found = ask(recovered.url, "SELECT array_agg(word ORDER BY word) FROM note")
        assert found == ["before the base backup", "kept"]
    finally:
        recovered.stop()


def _base_backup(server: PostgresServer, target: Path) -> None:
    password = (server.folder / "password").read_text()
    (target.parent / "password").write_text(password)
    target.mkdir(mode=0o700)
    unprivileged.prepare(target, binaries())
    words = [str(binaries() / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
    words += ["-D", str(target), "--checkpoint=fast", "--wal-method=none", "--no-password"]
    done = subprocess.run(
        unprivileged.command(words),
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
        **unprivileged.identity(),
    )
    assert done.returncode == 0, done.stderr


def _wait(done: object, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not done():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.2)
