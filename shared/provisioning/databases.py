"""Makes each service's database and roles, with the passwords that the secrets' folder has. Safe to run again."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from shared.contracts.catalogue import SERVICES
from shared.database.provision import provision
from shared.provisioning.failures import CannotPrepare


async def make_databases(folder: Path) -> list[str]:
    """As the administrator of `postgres-admin-url`. Returns the databases' names.

    A password that was changed in the folder is changed in the database. Raises CannotPrepare, OSError for a file that
    cannot be read, ValueError for a URL of another database.
    """
    admin_url = (folder / "postgres-admin-url").read_text().strip()
    made = []
    for service in SERVICES:
        name = f"longxi_{service}"
        made.append(name)
        password = _password(folder / f"{service}-database-url", name, name)
        owner_password = _password(folder / f"{service}-database-owner-url", f"{name}_owner", name)
        try:
            await provision(admin_url, service, password=password, owner_password=owner_password)
        except (asyncpg.PostgresError, OSError, TimeoutError) as failure:
            raise CannotPrepare(f"PostgreSQL, database {name}: {failure}") from failure
    return made


def _password(path: Path, role: str, database: str) -> str:
    url = urlsplit(path.read_text().strip())
    if url.username != role or url.path != f"/{database}" or not url.password:
        raise ValueError(f"{path.name} has to be postgresql://{role}:…@host:port/{database}")
    return unquote(url.password)


__all__ = ["make_databases"]
