"""The other secrets change while the platform works, as docs/backup.md says."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from shared.clock import system_clock
from shared.command.main import app
from shared.database.provision import provision_database
from shared.security import ServiceTokens
from shared.security.signing import SigningKey
from shared.security.tokens import TokenVerifier
from shared.security.trust import trusted_issuers
from shared.settings import Issuer
from shared.tenants import Tenants
from tests.support.backups import Installation


@dataclass
class Settings:
    service_key_file: Path
    oidc_issuers: list[Issuer] = field(default_factory=list)
    mode: Any = "production"
    service_issuer: str = "longxi-services"


async def trusts(settings: Settings, caller: Settings) -> bool:
    """Whether a process with these settings takes the token of one with those."""
    http = httpx.AsyncClient()
    verifier = TokenVerifier(trusted_issuers(settings, http, system_clock), Tenants.load(None), system_clock)
    token = ServiceTokens(caller).headers("longxi")["Authorization"].split(" ")[1]
    try:
        await verifier.verify(token)
    except Exception:
        return False
    finally:
        await http.aclose()
    return True


async def test_two_service_keys_are_trusted_while_one_takes_the_place_of_the_other(tmp_path: Path) -> None:
    old, new, jwks = (tmp_path / name for name in ("old.json", "new.json", "jwks.json"))
    SigningKey.write_new(old)
    SigningKey.write_new(new)
    done = CliRunner().invoke(app, ["secrets", "service-jwks", str(jwks), str(old), str(new)])
    assert done.exit_code == 0, done.output
    assert '"d"' not in jwks.read_text()
    assert len(json.loads(jwks.read_text())["keys"]) == 2

    entry = [Issuer(issuer="longxi-services", jwks_file=jwks)]
    before, between, after = Settings(old), Settings(old, entry), Settings(new, entry)
    for one in (before, between, after):
        assert await trusts(between, one)
        assert await trusts(after, one)
    assert await trusts(before, between)
    assert not await trusts(before, after), "without the first step the second would be refused"
    assert await trusts(after, Settings(new))
    assert await trusts(Settings(new), after)


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
