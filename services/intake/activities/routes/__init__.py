"""HTTP of activities."""

from fastapi import APIRouter

from services.intake.activities.routes import attending, planning, proposals, records, signing, suggesting

router = APIRouter(tags=["activities"])
for part in (records, proposals, planning, signing, attending, suggesting):
    router.include_router(part.router)

__all__ = ["router"]
