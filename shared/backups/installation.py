"""Where an installation's databases are, and who its administrator is."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy.engine import make_url

from shared.backups.failures import BackupFailed
from shared.contracts.catalogue import SERVICES

ADMIN_URL = "postgres-admin-url"


@dataclass(frozen=True, slots=True)
class Target:
    """One service's database. The passwords are of its two accounts, needed where it is made anew."""

    service: str
    admin_url: str = field(repr=False)
    database: str
    role: str
    password: str | None = field(default=None, repr=False)
    owner_password: str | None = field(default=None, repr=False)

    @property
    def owner(self) -> str:
        return f"{self.role}_owner"

    def url(self, database: str | None = None) -> str:
        """The administrator's, at this database or another of the same server."""
        return (
            make_url(self.admin_url)
            .set(database=database or self.database)
            .render_as_string(hide_password=False)
        )


def chosen(services: str | None) -> Sequence[str]:
    """From `intake,casework`; all without it. Raises BackupFailed."""
    names = [name.strip() for name in (services or ",".join(SERVICES)).split(",")]
    unknown = [name for name in names if name not in SERVICES]
    if unknown:
        raise BackupFailed(f"no service {', '.join(unknown)}; there are {', '.join(SERVICES)}")
    return names


def of_secrets(folder: Path, services: Sequence[str]) -> list[Target]:
    """From the folder that `longxi secrets init` makes. Raises BackupFailed."""
    admin = _read(folder / ADMIN_URL)
    targets = []
    for service in services:
        own = folder / f"{service}-database-admin-url"  # where its database is on a server of its own
        role, password, database = _account(folder / f"{service}-database-url")
        _, owner_password, _ = _account(folder / f"{service}-database-owner-url")
        admin_url = _read(own) if own.exists() else admin
        targets.append(Target(service, admin_url, database, role, password, owner_password))
    return targets


def of_environment(services: Sequence[str], environment: Mapping[str, str] = os.environ) -> list[Target]:
    """From POSTGRES_ADMIN_URL (or …_FILE), for databases that `longxi prepare` has made. Raises BackupFailed."""
    file = environment.get("POSTGRES_ADMIN_URL_FILE")
    admin = environment.get("POSTGRES_ADMIN_URL") or (_read(Path(file)) if file else None)
    if admin is None:
        raise BackupFailed(
            "say where the databases are: --secrets FOLDER with postgres-admin-url, --home FOLDER of `longxi run`,"
            " or POSTGRES_ADMIN_URL"
        )
    return [Target(service, admin, f"longxi_{service}", f"longxi_{service}") for service in services]


def _account(path: Path) -> tuple[str, str, str]:
    """Role, password and database of a URL's file."""
    url = urlsplit(_read(path))
    if not url.username or not url.password or len(url.path) < 2:
        raise BackupFailed(f"{path.name} has to be postgresql://role:password@host:port/database")
    return url.username, unquote(url.password), url.path[1:]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as fault:
        raise BackupFailed(f"{path}: {fault.strerror}") from None


__all__ = ["ADMIN_URL", "Target", "chosen", "of_environment", "of_secrets"]
