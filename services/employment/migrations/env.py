"""Run by Alembic: the steps of employment's history."""

from services.employment.main import SERVICE
from shared.database.migrations import run_env

run_env(SERVICE.metadata)
