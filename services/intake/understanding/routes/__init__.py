"""HTTP paths of readings and of the classifier."""

from fastapi import APIRouter

from services.intake.understanding.routes.classifier import router as classifier
from services.intake.understanding.routes.readings import router as readings

router = APIRouter(tags=["understanding"])
router.include_router(readings)
router.include_router(classifier)

__all__ = ["router"]
