"""Run by Alembic: the steps of notifications' history."""

from services.notifications.main import SERVICE
from shared.database.migrations import run_env

run_env(SERVICE.metadata)
