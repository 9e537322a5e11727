"""A process of production serves people while the event log is away; one that cannot be right says why and ends with 2."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from services.intake.main import SERVICE
from services.intake.settings import IntakeSettings
from shared.database import Keyring
from shared.database.provision import Access
from shared.local.ports import free_port
from shared.messaging.log import LogUnavailable
from shared.runtime.opening import built, opened
from shared.runtime.service import CannotBeRight


def settings_of(access: Access) -> IntakeSettings:
    """Of Kafka at a port where nobody listens."""
    return IntakeSettings(
        database_url=access.url, kafka_bootstrap_servers=f"127.0.0.1:{free_port()}", database_pool=2
    )


async def test_production_begins_without_the_log(
    service_access: Callable[[str], Awaitable[Access]],
) -> None:
    settings = settings_of(await service_access("intake"))
    # A copy is not validated: the database of a test has a weak password.
    async with opened(SERVICE, settings.model_copy(update={"mode": "production"}), "api") as runtime:
        await runtime.database.ping()
        with pytest.raises(LogUnavailable):
            await runtime.log.ping()


BROKEN = "[{"
CASES = {
    "no json": ("oidc_issuers", BROKEN, "OIDC_ISSUERS (the file {file}): no JSON: line 1 column 3"),
    "no toml": ("tenants", "[longxi", "TENANTS_FILE ({file}): Expected ']'"),
    "no keys": ("master_key", "{}", "MASTER_KEY_FILE ({file}):"),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_cannot_be_right_is_named_and_ends_the_process(
    case: str, tmp_path: Path, service_access: Callable[[str], Awaitable[Access]]
) -> None:
    what, content, said = CASES[case]
    access = await service_access("intake")
    files = {name: tmp_path / name for name in ("oidc_issuers", "tenants", "master_key")}
    files["oidc_issuers"].write_text("[]")
    files["tenants"].write_text('[longxi]\nname_zh = "龙溪社区"\nname_en = "Longxi"\n', encoding="utf-8")
    Keyring.write_new(files["master_key"])
    files[what].write_text(content)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.intake", "api"],
        env={
            **os.environ,
            "DATABASE_URL": access.url,
            "LOCAL_LOG_URL": access.url,
            **{f"{name.upper()}_FILE": str(file) for name, file in files.items()},
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(said.format(file=files[what])), line


async def test_what_a_community_must_not_set_is_named(
    service_access: Callable[[str], Awaitable[Access]], tmp_path: Path
) -> None:
    file, keys = tmp_path / "tenants.toml", tmp_path / "keys.json"
    file.write_text('[longxi]\nname_zh = "a"\nname_en = "b"\n[longxi.intake]\ncolour = 1\n')
    Keyring.write_new(keys)
    settings = settings_of(await service_access("intake")).model_copy(
        update={"mode": "production", "tenants_file": file, "master_key_file": keys}
    )
    async with opened(SERVICE, settings, "api") as runtime:
        with pytest.raises(CannotBeRight, match="tenant 'longxi': intake has no setting 'colour'"):
            built(SERVICE, runtime)
