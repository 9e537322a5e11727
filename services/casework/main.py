"""Wiring of casework."""

from services.casework.assignments import handlers as assignment_handlers
from services.casework.assignments.jobs import draining
from services.casework.assignments.routes import router as assignments_router
from services.casework.cases import handlers as case_handlers
from services.casework.cases import measures as case_measures
from services.casework.cases.moving import router as moves_router
from services.casework.cases.routes import router as cases_router
from services.casework.grids.routes import router as grids_router
from services.casework.holidays import handlers as holiday_handlers
from services.casework.permissions import PERMISSIONS
from services.casework.policies.rules import AssignmentPolicy, Policies, policy_from
from services.casework.settings import CaseworkSettings
from services.casework.tables import Base
from services.casework.workers.routes import router as workers_router
from shared.contracts.district import HolidayChanged
from shared.contracts.intake import RequestFiled
from shared.database.rewrapping import WrappedKeys
from shared.messaging.handlers import Handlers
from shared.messaging.watching import Watch
from shared.runtime.service import CannotBeRight, Parts, Runtime, Service
from shared.runtime.tables import attach_infrastructure
from shared.tenants import Tenants

attach_infrastructure(Base.metadata)


def build(runtime: Runtime[CaseworkSettings]) -> Parts:
    if runtime.keyring is None:
        raise CannotBeRight("MASTER_KEY_FILE: casework holds personal data of workers, and seals it")
    policies = Policies({id: _policy(id, runtime.tenants) for id in runtime.tenants})
    handlers = Handlers()
    assignment_handlers.register(handlers, policies=policies, clock=runtime.clock)
    case_handlers.register(handlers, policies=policies, clock=runtime.clock)
    holiday_handlers.register(handlers, clock=runtime.clock)
    watch = Watch()
    case_measures.register(watch)
    return Parts(
        # The fixed paths below /v1/workers and /v1/grids come before those with an id in their place.
        routers=[workers_router, grids_router, assignments_router, cases_router, moves_router],
        handlers=handlers,
        jobs=[draining(runtime.database, runtime.tenants, policies, runtime.clock)],
        watch=watch,
        measures=[case_measures.waiting(runtime.database, runtime.tenants, runtime.clock)],
        provides=[policies, runtime.keyring],
    )


def _policy(id: str, tenants: Tenants) -> AssignmentPolicy:
    """Raises ValueError that names the tenant and the setting at fault, before the service starts."""
    try:
        settings = tenants[id].settings
        return policy_from(settings.get("casework", {}), settings.get("intake", {}).get("limits", {}))
    except ValueError as error:
        raise ValueError(f"tenant {id!r}: {error}") from error


SERVICE = Service(
    name="casework",
    settings=CaseworkSettings,
    permissions=PERMISSIONS,
    metadata=Base.metadata,
    build=build,
    consumes=(RequestFiled.topic(), HolidayChanged.topic()),
    wrapped=(WrappedKeys("worker", "id", "data_key"),),
)
