"""HTTP paths of ledgers."""

from fastapi import APIRouter

from services.intake.ledgers.routes import books, openly, receipts, reimbursing

router = APIRouter(tags=["ledgers"])
for part in (books, receipts, reimbursing, openly):
    router.include_router(part.router)

__all__ = ["router"]
