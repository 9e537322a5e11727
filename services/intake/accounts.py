"""Wiring of all that is counted and kept in books: the three rates, volunteer points, ledgers; used by main.py."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.intake.desk import Desk
from services.intake.ledgers.belonging import belonging as of_ledgers
from services.intake.ledgers.routes import router as ledgers_router
from services.intake.points.belonging import belonging as of_points
from services.intake.points.jobs import expiring, stating
from services.intake.points.routes import router as points_router
from services.intake.rates.jobs import settling
from services.intake.rates.routes import router as rates_router
from services.intake.residents.belongings import Belonging
from shared.clock import Clock
from shared.database import Database
from shared.jobs import Job
from shared.tenants import Tenants

ROUTERS: Sequence[APIRouter] = (rates_router, points_router, ledgers_router)


def belongings() -> Sequence[Belonging]:
    return (of_points(), of_ledgers())


def jobs(database: Database, tenants: Tenants, desk: Desk, clock: Clock) -> Sequence[Job]:
    return (
        settling(database, tenants),
        expiring(database, tenants, desk.policies, clock),
        stating(database, tenants, clock),
    )
