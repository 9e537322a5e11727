"""HTTP of venues and their bookings."""

from fastapi import APIRouter

from services.intake.venues.routes import booking, records

router = APIRouter(tags=["venues"])
for part in (records, booking):
    router.include_router(part.router)

__all__ = ["router"]
