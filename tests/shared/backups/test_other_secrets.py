"""The other secrets change while the platform works, as docs/backup.md says."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from shared.database.provision import provision_database
from shared.provisioning.rotating import forget_service_key, rotate
from shared.provisioning.secrets import Hosts, init
from shared.security import ServiceTokens
from shared.security.tokens import TokenVerifier
from shared.security.trust import trusted_issuers
from shared.settings import Issuer
from shared.tenants import Tenants
from shared.testing.clock import FrozenClock
from tests.support.backups import Installation

NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)


@dataclass
class Settings:
    service_key_file: Path
    service_jwks_file: Path | None = None
    oidc_issuers: list[Issuer] = field(default_factory=list)
    mode: Any = "production"
    service_issuer: str = "longxi-services"


def verifier(settings: Settings, clock: FrozenClock) -> TokenVerifier:
    """Of a process that goes on with what it has read."""
    return TokenVerifier(trusted_issuers(settings, httpx.AsyncClient(), clock), Tenants.load(None), clock)


async def takes(process: TokenVerifier, caller: Settings, clock: FrozenClock) -> bool:
    token = ServiceTokens(caller, clock=clock).headers("longxi")["Authorization"].split(" ")[1]
    try:
        await process.verify(token)
    except Exception:
        return False
    return True


async def test_a_new_service_key_takes_the_old_ones_place_in_any_order_of_restarts(tmp_path: Path) -> None:
    """A process knows its own key from its start, and the public ones from a file that it reads again."""
    folder, clock = tmp_path / "secrets", FrozenClock(NOW)
    init(folder, Hosts(), trial=False)
    jwks, old, new = (
        folder / "keys/jwks/services.json",
        tmp_path / "old.json",
        folder / "keys/service-key.json",
    )
    old.write_bytes(new.read_bytes())
    before, after = Settings(old, jwks), Settings(new, jwks)
    running = verifier(before, clock)
    assert await takes(running, before, clock)

    await rotate(folder, "keys/service-key.json", kafka="")
    clock.advance(timedelta(minutes=2))
    restarted = verifier(after, clock)

    for process in (running, restarted):
        for caller in (before, after):
            assert await takes(process, caller, clock)

    forget_service_key(folder)
    clock.advance(timedelta(hours=2))
    for process in (running, restarted):
        assert await takes(process, after, clock)
        assert not await takes(process, before, clock)


async def test_a_database_password_changes_and_open_connections_stay(installation: Installation) -> None:
    target = await installation.target("employment")
    url = (await installation.access("employment")).url
    open_one = await asyncpg.connect(url)
    try:
        for password in ("another", "test"):
            changed = await provision_database(
                installation.admin_url,
                target.database,
                role=target.role,
                password=password,
                owner_password="test",
            )
            assert await open_one.fetchval("SELECT 1") == 1
            new_one = await asyncpg.connect(changed.url)
            await new_one.close()
            if password != "test":
                with pytest.raises(asyncpg.InvalidPasswordError):
                    await asyncpg.connect(url)
    finally:
        await open_one.close()
