"""HTTP paths of residents."""

from fastapi import APIRouter

from services.intake.residents.routes import contacts, records

router = APIRouter(tags=["residents"])
router.include_router(records.router)
router.include_router(contacts.router)

__all__ = ["router"]
