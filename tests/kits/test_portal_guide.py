"""Every snippet of docs/integrate/portal.md, run in the order of the page against the real services."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from standardwebhooks import Webhook

from shared.clock import system_clock
from shared.security import Role
from shared.testing.clock import RunningClock
from shared.testing.serving import serving
from tests.kits.gateway import Gateway
from tests.support.platform import Ground, Platform, on_the_embedded_parts
from tests.support.requirements import missing

pytestmark = pytest.mark.timeout(300)  # some forty programs one after the other
GUIDE = Path(__file__).parents[2] / "docs" / "integrate" / "portal.md"
_SECONDS = 280
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Address:
    """A platform as a portal sees it."""

    url: str
    platform: Platform
    hook: str
    taken: list[str]
    """Ids of the events that were taken at the portal's own address, with a signature that held."""

    async def run(self, *words: str, text: str, folder: Path) -> str:
        """A program that reads its text from standard input; it has to end well. Gives what it said."""
        environment = {
            **os.environ,
            "LONGXI": self.url,
            "HEAD_TOKEN": self.platform.issuer.mint("longxi", "head-1", [Role.HEAD]),
            "HOOK": self.hook,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(_SECONDS):
            out, _ = await process.communicate(text.encode())
        assert process.returncode == 0, out.decode()
        return out.decode()


@pytest.fixture
async def address(ground: Ground, tmp_path: Path) -> AsyncIterator[Address]:
    """By the real clock, since a library of Standard Webhooks looks at it too."""
    taken: list[str] = []
    async with (
        Platform(ground, RunningClock(system_clock())).up() as platform,
        serving(Gateway(platform.routes.apps)) as url,
        serving(_receiver(tmp_path / "secret.txt", taken)) as base,
    ):
        yield Address(url, platform, f"{base}/hook", taken)


def _receiver(secret: Path, taken: list[str]) -> FastAPI:
    """Knows the secret from the file into which the page puts it."""
    app = FastAPI(openapi_url=None)

    @app.post("/hook", status_code=204)
    async def hook(request: Request) -> None:
        _verify(secret, await request.body(), dict(request.headers))
        taken.append(request.headers["webhook-id"])

    return app


def _verify(secret: Path, body: bytes, headers: dict[str, str]) -> None:
    Webhook(secret.read_text().strip()).verify(body, headers)


def _blocks(language: str) -> str:
    return "\n".join(
        text for kind, text in _BLOCK.findall(GUIDE.read_text(encoding="utf-8")) if kind == language
    )


@on_the_embedded_parts
async def test_the_shell_snippets_work_in_the_order_of_the_page(address: Address, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "install it")
    text = "set -euo pipefail\n" + _blocks("bash")
    said = await address.run("bash", "-s", text=text, folder=tmp_path)
    lines = said.splitlines()
    reference = lines[0]
    assert re.fullmatch(r"\d{6}-\d{6}-\d", reference)
    assert lines[1:4] == ["422", "urn:longxi:problem:idempotency-key-reused", reference], said
    assert "304" in lines, said
    assert '"state":"delivered"' in said, said
    assert lines[-1] == "withdrawn"
    assert address.taken


@on_the_embedded_parts
async def test_the_python_snippets_work_in_the_order_of_the_page(address: Address, tmp_path: Path) -> None:
    said = await address.run(sys.executable, "-", text=_blocks("python"), folder=tmp_path)
    lines = said.splitlines()
    assert lines[0] == "idempotency-key-reused"
    assert lines[1].startswith("invalid-request")
    assert "/body" in lines[1]
    assert "webhook.test" in lines


@on_the_embedded_parts
async def test_a_webhook_of_another_key_is_not_seen(address: Address) -> None:
    """The page warns of it."""
    voices = [address.platform.as_("notifications", Role.PORTAL, f"key:{name}") for name in ("one", "two")]
    made = await voices[0].post("/v1/webhooks", {"url": address.hook})
    assert (await voices[1].get("/v1/webhooks"))["items"] == []
    assert await voices[1].refusal("GET", f"/v1/webhooks/{made['id']}") == (404, "webhook-not-found")
