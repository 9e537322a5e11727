"""The databases of an embedded platform's folder: of one that runs, or of one that stands still."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.backups.failures import BackupFailed, InUse
from shared.backups.installation import Target
from shared.backups.offsets import LocalOffsets
from shared.contracts.catalogue import SERVICES
from shared.local import secrets
from shared.local.layout import WANTED_PORTS, Home
from shared.local.platform import PlatformFailed, only_one
from shared.local.postgres import PostgresFailed, PostgresServer

KEY_PARTS = ("keys", "sample.json")
"""Of the folder. The second says that the sample community was loaded: without it, it would be loaded once more."""
_LOG = "longxi_log"


@contextmanager
def running_or_started(home: Home, services: Sequence[str]) -> Iterator[list[Target]]:
    """For a backup. Raises BackupFailed."""
    if not (home.postgres / "password").exists():
        raise BackupFailed(f"no platform in {home.folder}")
    try:
        with only_one(home), _server(home) as url:
            yield targets_of(home, url, services)
            return
    except PlatformFailed:
        pass  # it runs, and so does its server
    password = (home.postgres / "password").read_text()
    yield targets_of(home, f"postgresql://postgres:{password}@127.0.0.1:{_port(home)}/postgres", services)


@contextmanager
def standing_still(home: Home) -> Iterator[str]:
    """The administrator's URL, for a restore: nobody may start the platform meanwhile. Makes a server where there is none.

    Raises InUse, BackupFailed.
    """
    try:
        with only_one(home), _server(home) as url:
            yield url
    except PlatformFailed as failure:
        raise InUse(f"{failure}: stop it first") from None


def forget_migrations(home: Home) -> None:
    """What was restored may be older than the code: the next start migrates."""
    (home.folder / "migrated.json").unlink(missing_ok=True)


def log_of(admin_url: str) -> LocalOffsets:
    return LocalOffsets(f"{admin_url.rsplit('/', 1)[0]}/{_LOG}")


@contextmanager
def _server(home: Home) -> Iterator[str]:
    server = PostgresServer(home.postgres, port=_port(home))
    try:
        server.start()
    except PostgresFailed as failure:
        raise BackupFailed(str(failure)) from None
    try:
        yield server.url
    finally:
        server.stop()


def _port(home: Home) -> int:
    file = home.folder / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    return ports.get("postgres", WANTED_PORTS["postgres"])


def targets_of(home: Home, admin_url: str, services: Sequence[str]) -> list[Target]:
    names = [*SERVICES, "log"]
    known = secrets.passwords(home.keys, [*names, *(f"{name}-owner" for name in names)])
    return [
        Target(
            service,
            admin_url,
            f"longxi_{service}",
            f"longxi_{service}",
            known[service],
            known[f"{service}-owner"],
        )
        for service in services
    ]


__all__ = ["KEY_PARTS", "forget_migrations", "log_of", "running_or_started", "standing_still", "targets_of"]
