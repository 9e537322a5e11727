"""Run by Alembic: the steps of intake's history."""

from services.intake.main import SERVICE
from shared.database.migrations import run_env

run_env(SERVICE.metadata)
