"""HTTP paths of the standard, and of what its clients said beside their words."""

from fastapi import APIRouter

from services.intake.open311.routes import filing, records, requests, services

router = APIRouter(tags=["open311"])
for part in (services, requests, filing, records):
    router.include_router(part.router)

__all__ = ["router"]
