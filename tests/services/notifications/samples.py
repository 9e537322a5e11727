"""Events of other services, whole, with what a test does not care about filled in."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.casework import CaseReturned, WorkerAssigned
from shared.contracts.employment import JobMatched
from shared.contracts.intake import Channel, Outcome, RequestClosed, RequestFiled, Urgency
from shared.database import new_id

DUE = datetime(2026, 11, 19, 9, 30, tzinfo=UTC)
REFERENCE = "261118-000123-7"


def filed(resident: UUID, **changes: Any) -> RequestFiled:
    values: dict[str, Any] = {
        "request": new_id(),
        "resident": resident,
        "reference": REFERENCE,
        "category": "010214",
        "urgency": Urgency.NORMAL,
        "channel": Channel.WEB,
        "filed": datetime(2026, 11, 18, 2, 0, tzinfo=UTC),
        "due": DUE,
    }
    return RequestFiled(**(values | changes))


def assigned(request: RequestFiled, worker: UUID, **changes: Any) -> WorkerAssigned:
    values: dict[str, Any] = {
        "request": request.request,
        "worker": worker,
        "resident": request.resident,
        "reasons": ("least_loaded",),
        "candidates": 12,
        "load_before": 120,
        "load_after": 180,
        "policy": "1",
        "due": request.due,
    }
    return WorkerAssigned(**(values | changes))


def returned(request: RequestFiled, worker: UUID, returns: int) -> CaseReturned:
    return CaseReturned(
        request=request.request,
        worker=worker,
        resident=request.resident,
        reason="wrong_grid",
        returns=returns,
    )


def closed(request: RequestFiled) -> RequestClosed:
    return RequestClosed(
        request=request.request,
        resident=request.resident,
        outcome=Outcome.RESOLVED,
        within_limit=True,
        working_minutes=90,
    )


def matched(resident: UUID, **changes: Any) -> JobMatched:
    values: dict[str, Any] = {
        "seeker": new_id(),
        "resident": resident,
        "vacancy": new_id(),
        "occupation": "4-03.cook",
        "score": 0.83,
        "met": ("occupation", "pay"),
        "unmet": ("certificate",),
        "missing_skills": ("food_safety",),
        "training": ("cooking_course",),
        "policy": "1",
    }
    return JobMatched(**(values | changes))
