"""The OpenAPI document of each service, written to `docs/api` and checked against drift.

`python -m shared.runtime.documents [FOLDER]` writes all of them, each by `python -m services.<name> openapi`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from shared.caching import open_cache
from shared.clock import system_clock
from shared.contracts.catalogue import SERVICES
from shared.database import Database, Keyring
from shared.messaging.log import open_log
from shared.runtime.service import Runtime, S, Service
from shared.security import ServiceTokens
from shared.tenants import Tenants
from shared.web import Application

_NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


def openapi_text(service: Service[S]) -> str:
    """The document as it is committed."""
    content = unconnected_application(service).openapi()
    return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def unconnected_application(service: Service[S], **settings: Any) -> Application:
    """The service's application, to be described or knocked at: nothing is connected to."""
    from shared.runtime.api import application  # noqa: PLC0415 - `api` starts servers; documents only describe

    runtime = _unconnected(service, **settings)
    return application(service, runtime, service.build(runtime))


def _unconnected(service: Service[S], **more: Any) -> Runtime[S]:
    """Everything that a service is built from, none of it open."""
    settings = service.settings(
        database_url=_NOWHERE, local_log_url=_NOWHERE, kafka_bootstrap_servers=None, **more
    )
    key = os.urandom(32)
    return Runtime(
        settings=settings,
        clock=system_clock,
        tenants=Tenants.load(None),
        database=Database(_NOWHERE),
        log=open_log(settings),
        cache=open_cache(None),
        tokens=ServiceTokens(settings, subject=service.name),
        http=httpx.AsyncClient(),
        keyring=Keyring({"1": key}, "1", key),
    )


def document_of(service: str) -> str:
    """A service's document, made by a process of its own: one service's code never sees another's."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"services.{service}", "openapi"], capture_output=True, text=True, check=True
    )
    return done.stdout


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for service in SERVICES:
        (folder / f"{service}.json").write_text(document_of(service), encoding="utf-8")
    sys.stdout.write(f"{len(SERVICES)} documents in {folder}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/api"))
