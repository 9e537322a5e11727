"""Wiring of employment."""

from services.employment.matching import handlers as matching_handlers
from services.employment.matching.policy import MatchingPolicy, Policies, policy_of
from services.employment.matching.routes import router as matching_router
from services.employment.permissions import PERMISSIONS
from services.employment.seekers import handlers as seeker_handlers
from services.employment.seekers.routes import router as seekers_router
from services.employment.settings import EmploymentSettings
from services.employment.tables import Base
from services.employment.vacancies.jobs import expiry
from services.employment.vacancies.routes import router as vacancies_router
from shared.contracts.employment import SeekerRegistered
from shared.contracts.intake import ResidentErased
from shared.messaging.handlers import Handlers
from shared.runtime.service import Parts, Runtime, Service
from shared.runtime.tables import attach_infrastructure
from shared.tenants import Tenants

attach_infrastructure(Base.metadata)


def build(runtime: Runtime[EmploymentSettings]) -> Parts:
    policies = _policies(runtime.tenants)
    handlers = Handlers()
    matching_handlers.register(handlers, policies=policies, clock=runtime.clock)
    seeker_handlers.register(handlers, clock=runtime.clock)
    return Parts(
        routers=[seekers_router, vacancies_router, matching_router],
        handlers=handlers,
        jobs=[expiry(runtime.database, runtime.tenants, runtime.clock)],
        provides=[policies],
    )


def _policies(tenants: Tenants) -> Policies:
    """Raises ValueError that names the tenant and the setting at fault, before the service starts."""
    return Policies({id: _policy(id, tenants) for id in tenants})


def _policy(id: str, tenants: Tenants) -> MatchingPolicy:
    try:
        return policy_of(tenants[id].settings.get("employment", {}))
    except (TypeError, ValueError) as error:
        raise ValueError(f"tenant {id!r}, employment: {error}") from error


SERVICE = Service(
    name="employment",
    settings=EmploymentSettings,
    permissions=PERMISSIONS,
    metadata=Base.metadata,
    build=build,
    consumes=(SeekerRegistered.topic(), ResidentErased.topic()),
)
