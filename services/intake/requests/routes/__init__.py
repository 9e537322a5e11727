"""HTTP paths of requests."""

from fastapi import APIRouter

from services.intake.requests.routes import answering, bulk, filing, moves, reclassifying, records

router = APIRouter(tags=["requests"])
# The bulk path before those with a request's id in them: paths are tried in this order.
for part in (filing, bulk, records, moves, reclassifying, answering):
    router.include_router(part.router)

__all__ = ["router"]
