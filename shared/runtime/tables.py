"""The tables that every service has beside its own: outbox, inbox, idempotency keys, leases, portal keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from shared.jobs import migrations as jobs
from shared.messaging import migrations as messaging
from shared.security import migrations as security
from shared.web import migrations as web

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations


def create_infrastructure(op: Operations) -> None:
    """Make them in a migration; a service's first step begins with it."""
    messaging.messaging_tables(op)
    web.web_tables(op)
    security.security_tables(op)
    jobs.jobs_tables(op)


def attach_infrastructure(metadata: MetaData) -> None:
    """Tell a service's metadata of them, so that the drift check compares them too."""
    for part in (messaging, web, security, jobs):
        part.attach(metadata)
