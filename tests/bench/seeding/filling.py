"""Filling the databases of one size."""

import asyncio
import time

import asyncpg

from shared.database import Keyring
from tests.bench.seeding.plan import Plan
from tests.bench.seeding.window import fill_window
from tests.bench.seeding.words import write_references, write_residents, write_words

_INDEXES = """
SELECT tablename, indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename = ANY($1::text[])
  AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
TABLES = {
    "intake": ("request", "request_story", "request_telling", "personal_read"),
    "casework": ("case", "case_entry", "assignment_decision"),
    "notifications": ("message", "known_request"),
}


async def fill(service: str, url: str, plan: Plan, keyring: Keyring | None = None) -> float:
    """Make the past of a service. `url` is the administrator's; `keyring` is intake's. Seconds that it took."""
    began = time.perf_counter()
    admin = await asyncpg.connect(url)
    # No triggers: nobody is to be woken by the past, and every foreign key is right by the way it is made.
    await admin.execute(
        "SET session_replication_role = replica; SET synchronous_commit = off; SET maintenance_work_mem = '256MB'"
    )
    await admin.execute(plan.sql("names")[0])
    await write_references(admin, plan)
    later = asyncio.create_task(fill_window(url, service, plan))
    indexes = await admin.fetch(_INDEXES, list(TABLES[service]))
    for index in indexes:
        await admin.execute(f'DROP INDEX "{index["indexname"]}"')
    if service == "intake":
        assert keyring is not None
        holders = await write_residents(admin, plan, keyring)
        await write_words(admin, plan, holders)
    for statement in plan.sql(service):
        await admin.execute(statement, timeout=3600)
    for index in indexes:
        await admin.execute(index["indexdef"], timeout=3600)
    await later
    await admin.execute("DROP SCHEMA bench CASCADE")
    await admin.execute("VACUUM (ANALYZE)", timeout=3600)
    await admin.close()
    return time.perf_counter() - began


async def relaxed(url: str, *, on: bool) -> None:
    """While the past is written nothing has to survive a crash of the machine."""
    admin = await asyncpg.connect(url)
    for name in ("fsync", "full_page_writes", "autovacuum"):
        await admin.execute(f"ALTER SYSTEM SET {name} = {'off' if on else 'on'}")
    await admin.execute("ALTER SYSTEM SET max_wal_size = '4GB'" if on else "ALTER SYSTEM RESET max_wal_size")
    await admin.execute("SELECT pg_reload_conf()")
    if not on:
        await admin.execute("CHECKPOINT", timeout=3600)
    await admin.close()
