"""Run by Alembic: the steps of casework's history."""

from services.casework.main import SERVICE
from shared.database.migrations import run_env

run_env(SERVICE.metadata)
