"""Wiring of intake."""

from services.intake.desk import Desk
from services.intake.holidays import handlers as holiday_handlers
from services.intake.holidays.jobs import settling
from services.intake.imports.routes import router as imports_router
from services.intake.permissions import PERMISSIONS
from services.intake.places import handlers as place_handlers
from services.intake.requests import handlers as request_handlers
from services.intake.requests import measures as request_measures
from services.intake.requests.jobs import overdue_marks
from services.intake.requests.routes import router as requests_router
from services.intake.residents.belongings import Belongings
from services.intake.residents.routes import router as residents_router
from services.intake.settings import IntakeSettings
from services.intake.tables import Base
from shared.contracts.casework import GridChanged
from shared.contracts.district import HolidayChanged
from shared.contracts.notifications import MessageDelivered
from shared.database.rewrapping import WrappedKeys
from shared.messaging.handlers import Handlers
from shared.messaging.watching import Watch
from shared.runtime.service import Parts, Runtime, Service
from shared.runtime.tables import attach_infrastructure

attach_infrastructure(Base.metadata)


def build(runtime: Runtime[IntakeSettings]) -> Parts:
    if runtime.keyring is None:
        raise ValueError("intake holds personal data of residents: set MASTER_KEY_FILE")
    desk = Desk.open(runtime.database, runtime.keyring, runtime.clock, runtime.tenants)
    # What each feature holds of a resident: handed out by an export, destroyed by an erasure.
    belongings = Belongings()
    handlers = Handlers()
    place_handlers.register(handlers)
    request_handlers.register(handlers, desk)
    holiday_handlers.register(handlers, desk, runtime.clock)
    watch = Watch()
    request_measures.register(watch)
    return Parts(
        routers=[residents_router, requests_router, imports_router],
        handlers=handlers,
        jobs=[
            overdue_marks(runtime.database, runtime.tenants, runtime.clock),
            settling(runtime.database, runtime.tenants, desk, runtime.clock),
        ],
        watch=watch,
        provides=[desk, belongings],
    )


SERVICE = Service(
    name="intake",
    settings=IntakeSettings,
    permissions=PERMISSIONS,
    metadata=Base.metadata,
    build=build,
    consumes=(GridChanged.topic(), MessageDelivered.topic(), HolidayChanged.topic()),
    wrapped=(WrappedKeys("resident_key", "resident", "wrapped"),),
)
