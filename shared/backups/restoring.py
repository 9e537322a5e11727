"""Restoring: everything is checked before anything is touched, and nothing takes its place before all is there."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from shared.backups import apart, keeping, key_files
from shared.backups.cutting import connected, count_guarded, count_rows
from shared.backups.erasing import erase_again
from shared.backups.failures import BackupFailed, Damaged, WrongVersion
from shared.backups.installation import Target
from shared.backups.making import Say
from shared.backups.manifest import DatabaseEntry, Manifest
from shared.backups.places import Place, checked
from shared.backups.programs import environment, programs_for
from shared.backups.realigning import Realigned, realign
from shared.backups.scratch import Scratch, check_free, drop, exists, make_scratch, swap
from shared.backups.sealing import Identity
from shared.clock import Clock, system_clock


@dataclass(frozen=True, slots=True)
class Source:
    """A backup and what opens it."""

    place: Place
    found: Manifest
    identities: Sequence[Identity]
    apart: Place | None = None
    """Where key sets are kept; None: beside the backups."""

    @property
    def name(self) -> str:
        return self.found.name


@dataclass(frozen=True, slots=True)
class How:
    replace: bool = False
    """Take the place of databases that hold something."""
    keep_old: bool = False
    rehearse: bool = False
    """Restore, compare, and drop again."""
    replay_days: int | None = None
    """How many days of each outbox are sent again; None: all that it has."""


async def restore_databases(
    source: Source,
    targets: Sequence[Target],
    rest: Sequence[Target],
    how: How,
    *,
    say: Say,
    clock: Clock = system_clock,
) -> Realigned | None:
    """Put the targets' databases in place; `rest` are those of the services that are not restored.

    Returns what was brought into step; None of a rehearsal. Raises BackupFailed; then the databases are as they were.
    `source.found` has been verified.
    """
    found = source.found
    key_set = _key_set(source, targets)
    others = [target for target in rest if await exists(target)]
    for target in targets:
        _check_entry(found, target)
    for target in (*targets, *others):
        await check_free(target, replacing=how.replace or how.rehearse or target in others)
    await _check_servers(found, targets)
    stamp = f"{clock().astimezone(UTC):%y%m%d%H%M%S}"
    async with _scratches(targets, stamp) as scratches:
        for scratch in scratches:
            await _fill(source, found.databases[scratch.target.service], scratch)
            say(f"{scratch.target.database}: restored, all tables have as many rows as the backup says")
            if key_set is not None and scratch.target.service == key_set.service:
                await _bring_keys(source, key_set, scratch, say)
        if how.rehearse:
            return None
        in_place = [*(scratch.filled for scratch in scratches), *others]
        realigned = await realign(in_place, replay_days=how.replay_days, clock=clock)
        await swap(scratches, keep_old=how.keep_old)
        return realigned


def restore_keys(
    source: Source, folder: Path, patterns: Sequence[str], *, replace: bool, clock: Clock = system_clock
) -> key_files.Restored:
    """Write the key files that are missing. Raises NotEmpty before anything is written, WrongIdentity, Damaged."""
    found = source.found
    if found.keys is None:
        raise BackupFailed(f"{source.name} holds no keys: it was made without --keys")
    files = keeping.open_keys(source.place, source.name, found.keys.file, source.identities)
    wanted = key_files.selected(files, patterns)
    if not wanted:
        raise BackupFailed("no file of the backup fits --key-files")
    return key_files.restore(wanted, folder, replace=replace, now=clock())


@asynccontextmanager
async def _scratches(targets: Sequence[Target], stamp: str) -> AsyncIterator[Sequence[Scratch]]:
    """Dropped at the end, those that did not take their place."""
    async with AsyncExitStack() as open_things:
        made = []
        for target in targets:
            scratch = await make_scratch(target, stamp)
            open_things.push_async_callback(drop, scratch)
            made.append(scratch)
        yield made


def _key_set(source: Source, targets: Sequence[Target]) -> apart.KeySet | None:
    """The newest one, where it is needed: by a backup that has no keys itself, or to see who was erased since.

    Raises Unfinished, Damaged.
    """
    if not any(target.service in apart.TABLES for target in targets):
        return None
    place = source.apart or source.place
    if source.found.apart is None and apart.newest(place) is None:
        return None
    found = apart.needed(place, source.found.moment, "intake")
    apart.check(place, found)
    return found


async def _bring_keys(source: Source, key_set: apart.KeySet, scratch: Scratch, say: Say) -> None:
    async with connected(scratch.filled.url()) as inside:
        loaded = await apart.load(inside, source.apart or source.place, key_set, source.identities)
    erased = await erase_again(scratch.filled)
    say(
        f"{scratch.target.database}: {sum(loaded.values())} keys and indexes of {key_set.name};"
        f" {len(erased)} residents were erased after the backup, and are erased here"
    )


def _check_entry(found: Manifest, target: Target) -> None:
    entry = found.databases.get(target.service)
    if entry is None:
        raise BackupFailed(f"{found.name} has no database of {target.service}: leave it out of --databases")
    if entry.role != target.role:
        raise BackupFailed(
            f"the tables of {target.service} belong to {entry.role}_owner in the backup and to {target.owner} here"
        )


async def _check_servers(found: Manifest, targets: Sequence[Target]) -> None:
    for target in targets:
        entry = found.databases[target.service]
        async with connected(target.url("postgres")) as admin:
            server = admin.get_server_version().major
        if server < entry.server:
            raise WrongVersion(
                f"the backup is of PostgreSQL {entry.server} and the server is {server}: take a server as new as it was"
            )
        programs_for(server)


async def _fill(source: Source, entry: DatabaseEntry, scratch: Scratch) -> None:
    async with connected(scratch.filled.url()) as inside:
        server = inside.get_server_version().major
    await asyncio.to_thread(_pg_restore, source, entry, scratch, server)
    async with connected(scratch.filled.url()) as inside:
        rows = await count_rows(inside)
        guarded = await count_guarded(inside)
        await inside.execute("ANALYZE")
    differing = sorted(name for name in {*rows, *entry.rows} if rows.get(name) != entry.rows.get(name))
    if differing:
        raise Damaged(
            f"{scratch.target.database}: after restoring, these tables have not the rows that the backup counted:"
            f" {', '.join(differing)}"
        )
    if guarded != entry.guarded:
        raise Damaged(
            f"{scratch.target.database}: {entry.guarded} tables forced row-level security, {guarded} do after restoring"
        )


def _pg_restore(source: Source, entry: DatabaseEntry, scratch: Scratch, server: int) -> None:
    words = [programs_for(server).pg_restore, "--format=custom", "--exit-on-error", "--no-password"]
    words += [f"--dbname={scratch.name}"]
    reader = keeping.Reader(
        words, f"pg_restore of {scratch.target.database}", environment(scratch.filled.url(), scratch.name)
    )
    with source.place.reading(source.name, checked(entry.file.name)) as sealed:
        keeping.feed(reader, sealed, source.identities)


__all__ = ["How", "Source", "restore_databases", "restore_keys"]
