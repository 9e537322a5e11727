"""Wiring of all that is about people themselves: their records, rights and families; used by main.py."""

from collections.abc import Sequence

from fastapi import APIRouter

from services.intake.consents import actions as consents
from services.intake.consents.routes import router as consents_router
from services.intake.desk import Desk
from services.intake.emergency import actions as emergency
from services.intake.emergency.routes import router as emergency_router
from services.intake.erasures.routes import router as erasures_router
from services.intake.exports.actions import RECORDS
from services.intake.exports.requests import BELONGING as REQUESTS
from services.intake.exports.routes import router as exports_router
from services.intake.guardians import actions as guardians
from services.intake.guardians.jobs import coming_of_age
from services.intake.guardians.routes import router as guardians_router
from services.intake.households import actions as households
from services.intake.households.routes import router as households_router
from services.intake.merges.routes import router as merges_router
from services.intake.reads import actions as reads
from services.intake.reads.routes import router as reads_router
from services.intake.registers import actions as registers
from services.intake.registers.jobs import register_keeping
from services.intake.registers.routes import router as registers_router
from services.intake.residents.belongings import Belonging, Belongings
from services.intake.residents.routes import router as residents_router
from services.intake.retention.jobs import nightly
from services.intake.retention.routes import router as retention_router
from shared.clock import Clock
from shared.database import Database
from shared.database.rewrapping import WrappedKeys
from shared.jobs import Job
from shared.tenants import Tenants

ROUTERS: Sequence[APIRouter] = (
    residents_router,
    erasures_router,
    reads_router,
    consents_router,
    exports_router,
    households_router,
    merges_router,
    guardians_router,
    emergency_router,
    registers_router,
    retention_router,
)
WRAPPED = (
    WrappedKeys("resident_key", "resident", "wrapped"),
    WrappedKeys("register_key", "run", "wrapped"),
)
"""Keys that a master key has wrapped, for `rewrap`."""


def belongings(desk: Desk) -> Sequence[Belonging]:
    """What people have here, in the order in which a copy shows it and an erasure takes it."""
    return (
        RECORDS,
        REQUESTS,
        *reads.BELONGINGS,
        consents.BELONGING,
        households.belonging(desk.keys),
        guardians.BELONGING,
        emergency.BELONGING,
        registers.BELONGING,
    )


def jobs(
    database: Database, tenants: Tenants, desk: Desk, everything: Belongings, clock: Clock
) -> Sequence[Job]:
    return (
        coming_of_age(database, tenants, desk, clock),
        register_keeping(database, tenants, clock),
        nightly(database, tenants, desk, everything, clock),
    )
