"""Wiring of what finds concerns that are the same: duplicates and hot spots."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.intake.desk import Desk
from services.intake.duplicates import belonging as duplicates_belonging
from services.intake.duplicates.jobs import forgetting, printing
from services.intake.duplicates.routes import router as duplicates_router
from services.intake.hot_spots import belonging as hot_spots_belonging
from services.intake.hot_spots.jobs import cooling, looking
from services.intake.hot_spots.routes import router as hot_spots_router
from services.intake.residents.belongings import Belonging
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job
from shared.tenants import Tenants

ROUTERS: Sequence[APIRouter] = (duplicates_router, hot_spots_router)


def belongings() -> Sequence[Belonging]:
    return (duplicates_belonging.BELONGING, hot_spots_belonging.BELONGING)


def jobs(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Sequence[Job]:
    return (
        printing(database, desk),
        forgetting(database, tenants, desk, clock),
        looking(database, tenants, desk, clock),
        cooling(database, tenants, desk, clock),
    )
