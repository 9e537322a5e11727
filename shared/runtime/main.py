"""`python -m services.<name> api | worker | migrate | rewrap | openapi | permissions`, the same for every service."""

import argparse
import asyncio
import sys

from pydantic import ValidationError

from shared.observing import configure
from shared.runtime import api, worker
from shared.runtime.permissions import permissions_text
from shared.runtime.service import S, Service
from shared.settings import read_secret_files


def main(service: Service[S]) -> None:
    """Run one process of the service; exits with 2 on settings that cannot be right."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}")
    parser.add_argument("role", choices=["api", "worker", "migrate", "rewrap", "openapi", "permissions"])
    role = parser.parse_args().role
    if role == "openapi":
        from shared.runtime.documents import openapi_text  # noqa: PLC0415

        sys.stdout.write(openapi_text(service))
        return
    if role == "permissions":
        sys.stdout.write(permissions_text(service))
        return
    settings = _settings(service)
    configure(service.name, role, settings.log_level, mode=settings.mode)
    if role == "migrate":
        from shared.database.migrations import upgrade  # noqa: PLC0415 - Alembic is slow to load, and only for this

        upgrade(service.name, settings.database_owner_url or settings.database_url)
    elif role == "rewrap":
        from shared.runtime.rewrap import run  # noqa: PLC0415

        raise SystemExit(asyncio.run(run(service, settings)))
    else:
        asyncio.run((api if role == "api" else worker).serve(service, settings))


def _settings(service: Service[S]) -> S:
    try:
        read_secret_files(service.settings)
        return service.settings()
    except OSError as fault:
        sys.stderr.write(f"a secret's file cannot be read: {fault}\n")
        raise SystemExit(2) from None
    except ValidationError as fault:
        for error in fault.errors(include_url=False, include_input=False):
            variable = "_".join(str(part) for part in error["loc"]).upper()
            sys.stderr.write(f"{variable or 'settings'}: {error['msg']}\n")
        raise SystemExit(2) from None
