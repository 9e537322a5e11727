"""Wiring of intake."""

from services.intake import accounts, alike, people
from services.intake.activities import belongings as activity_belongings
from services.intake.activities import measures as activity_measures
from services.intake.activities.actions.family import may_act_for
from services.intake.activities.jobs import holding, reminding
from services.intake.activities.office import Office
from services.intake.activities.routes import router as activities_router
from services.intake.anonymous.routes import router as anonymous_router
from services.intake.attachments.belongings import BELONGING as ATTACHMENTS
from services.intake.attachments.checking import Checks
from services.intake.attachments.jobs import orphans, removals
from services.intake.attachments.routes import router as attachments_router
from services.intake.attachments.stores import open_store
from services.intake.desk import Desk
from services.intake.duplicates import measures as duplicate_measures
from services.intake.holidays import handlers as holiday_handlers
from services.intake.holidays.jobs import settling
from services.intake.hot_spots import measures as hot_spot_measures
from services.intake.imports.routes import router as imports_router
from services.intake.open311.belongings import BELONGING as OPEN311_REPORTS
from services.intake.open311.formats import PREFIX as OPEN311
from services.intake.open311.formats import refused as open311_refused
from services.intake.open311.routes import router as open311_router
from services.intake.open311.routes.jurisdictions import Jurisdictions
from services.intake.open311.routes.services import Endpoint
from services.intake.open_data.crowds import Crowd
from services.intake.open_data.jobs import releases
from services.intake.open_data.routes import router as open_data_router
from services.intake.permissions import PERMISSIONS
from services.intake.places import handlers as place_handlers
from services.intake.points import measures as point_measures
from services.intake.questions.routes import router as questions_router
from services.intake.requests import handlers as request_handlers
from services.intake.requests import measures as request_measures
from services.intake.requests.context.routes import router as context_router
from services.intake.requests.jobs import overdue_marks
from services.intake.requests.parts.routes import router as parts_router
from services.intake.requests.routes import router as requests_router
from services.intake.requests.supervising.routes import router as supervising_router
from services.intake.residents.belongings import Belongings
from services.intake.settings import IntakeSettings
from services.intake.tables import Base
from services.intake.templates.routes import router as templates_router
from services.intake.understanding.routes import router as understanding_router
from services.intake.venues.routes import router as venues_router
from shared.contracts.casework import GridChanged
from shared.contracts.district import HolidayChanged
from shared.contracts.notifications import MessageDelivered
from shared.messaging.handlers import Handlers
from shared.messaging.watching import Watch
from shared.runtime.service import CannotBeRight, Parts, Runtime, Service
from shared.runtime.tables import attach_infrastructure
from shared.web.dialects import Dialect

attach_infrastructure(Base.metadata)


_MEASURES = (request_measures, duplicate_measures, activity_measures, hot_spot_measures, point_measures)


def build(runtime: Runtime[IntakeSettings]) -> Parts:
    if runtime.keyring is None:
        raise CannotBeRight("MASTER_KEY_FILE: intake holds personal data of residents, and seals it")
    desk = Desk.open(runtime.database, runtime.keyring, runtime.clock, runtime.tenants)
    office = Office(desk.keys, desk.calendars, desk.policies, may_act_for)
    # What each feature holds of a resident: handed out by an export, destroyed by an erasure.
    belongings = Belongings(
        *people.belongings(desk),
        activity_belongings.activities(office),
        activity_belongings.bookings(),
        ATTACHMENTS,
        OPEN311_REPORTS,
        *accounts.belongings(),
        *alike.belongings(),
    )
    store = open_store(runtime.settings)
    handlers = Handlers()
    place_handlers.register(handlers)
    request_handlers.register(handlers, desk)
    holiday_handlers.register(handlers, desk, runtime.clock)
    watch = Watch()
    for measures in _MEASURES:
        measures.register(watch)
    return Parts(
        routers=[
            # Paths are tried in this order, and most calls are about requests.
            requests_router,
            *people.ROUTERS,
            *alike.ROUTERS,
            supervising_router,
            parts_router,
            context_router,
            questions_router,
            templates_router,
            imports_router,
            anonymous_router,
            attachments_router,
            open311_router,
            open_data_router,
            understanding_router,
            *accounts.ROUTERS,
            activities_router,
            venues_router,
        ],
        handlers=handlers,
        jobs=[
            overdue_marks(runtime.database, runtime.tenants, runtime.clock),
            settling(runtime.database, runtime.tenants, desk, runtime.clock),
            *people.jobs(runtime.database, runtime.tenants, desk, belongings, runtime.clock),
            removals(runtime.database, store, runtime.tenants, runtime.clock),
            orphans(runtime.database, store, runtime.tenants, runtime.clock),
            releases(runtime.database, runtime.keyring, desk.policies, runtime.tenants, runtime.clock),
            *accounts.jobs(runtime.database, runtime.tenants, desk, runtime.clock),
            *alike.jobs(runtime.database, runtime.tenants, desk, runtime.clock),
            reminding(runtime.database, runtime.tenants, runtime.clock),
            holding(runtime.database, runtime.tenants, office, runtime.clock),
        ],
        watch=watch,
        provides=[
            desk,
            belongings,
            office,
            runtime.tenants,
            store,
            Checks(),
            Crowd(),
            Jurisdictions(runtime.tenants, desk.policies),
            Endpoint.of(runtime.settings),
            Dialect(OPEN311, open311_refused),
        ],
    )


SERVICE = Service(
    name="intake",
    settings=IntakeSettings,
    permissions=PERMISSIONS,
    metadata=Base.metadata,
    build=build,
    consumes=(GridChanged.topic(), MessageDelivered.topic(), HolidayChanged.topic()),
    wrapped=people.WRAPPED,
)
