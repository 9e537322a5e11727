"""`python -m services.<name> api | worker | migrate | rewrap | openapi | permissions`, the same for every service."""

import argparse
import asyncio
import json
import os
import re
import sys

from pydantic import ValidationError
from pydantic_settings import SettingsError

from shared.observing import configure
from shared.runtime import api, worker
from shared.runtime.permissions import permissions_text
from shared.runtime.service import CannotBeRight, S, Service
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
        try:
            asyncio.run((api if role == "api" else worker).serve(service, settings))
        except CannotBeRight as fault:
            sys.stderr.write(f"{fault}\n")
            raise SystemExit(2) from None


def _settings(service: Service[S]) -> S:
    try:
        read_secret_files(service.settings)
        return service.settings()
    except OSError as fault:
        sys.stderr.write(f"a secret's file cannot be read: {fault}\n")
        raise SystemExit(2) from None
    except SettingsError as fault:
        sys.stderr.write(f"{_not_json(fault)}\n")
        raise SystemExit(2) from None
    except ValidationError as fault:
        for error in fault.errors(include_url=False, include_input=False):
            variable = "_".join(str(part) for part in error["loc"]).upper()
            sys.stderr.write(f"{variable or 'settings'}: {error['msg']}\n")
        raise SystemExit(2) from None


def _not_json(fault: SettingsError) -> str:
    """A list or an object that cannot be read: its variable, and where in it. What stands there is not repeated."""
    named = re.search(r'field "(\w+)"', str(fault))
    variable = named[1].upper() if named else "settings"
    file = os.environ.get(f"{variable}_FILE")
    where = f"{variable} (the file {file})" if file else variable
    cause = fault.__cause__
    if isinstance(cause, json.JSONDecodeError):
        return f"{where}: no JSON: line {cause.lineno} column {cause.colno}: {cause.msg}"
    return f"{where}: cannot be read"
