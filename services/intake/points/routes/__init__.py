"""HTTP paths of volunteer points."""

from fastapi import APIRouter

from services.intake.points.routes import accounts, catalogue, orders

router = APIRouter(tags=["points"])
for part in (accounts, catalogue, orders):
    router.include_router(part.router)

__all__ = ["router"]
