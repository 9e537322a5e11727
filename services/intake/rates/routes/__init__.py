"""HTTP paths of the three rates."""

from fastapi import APIRouter

from services.intake.rates.routes import figures, openly

router = APIRouter(tags=["rates"])
for part in (figures, openly):
    router.include_router(part.router)

__all__ = ["router"]
