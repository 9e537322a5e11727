"""HTTP paths of duplicates."""

from fastapi import APIRouter

from services.intake.duplicates.routes import joining, similar

router = APIRouter(tags=["duplicates"])
# `/v1/requests/similar` before the paths with a request's id in them.
for part in (similar, joining):
    router.include_router(part.router)

__all__ = ["router"]
