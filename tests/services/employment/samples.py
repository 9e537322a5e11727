"""A seeker and a vacancy that fit each other; a test changes what it is about."""

from typing import Any
from uuid import UUID, uuid4

RESIDENT = UUID("01936c2e-7a3b-7000-8000-000000000001")


def seeker_body(**changes: Any) -> dict[str, Any]:
    return {"resident": str(uuid4()), **wishes(**changes)}


def wishes(**changes: Any) -> dict[str, Any]:
    return {
        "occupations": ["4-10.elder_carer"],
        "skills": ["elder_care"],
        "certificates": [],
        "education": "junior_secondary",
        "experience_years": 2,
        "minimum_pay": 400_000,
        "areas": ["330106"],
        "shifts": ["day"],
        "available_from": "2026-12-01",
        **changes,
    }


def vacancy_body(**changes: Any) -> dict[str, Any]:
    return {
        "organisation": "龙溪颐养中心",
        "occupation": "4-10.elder_carer",
        "posts": 2,
        "required_skills": ["elder_care"],
        "pay_from": 450_000,
        "pay_to": 550_000,
        "area": "330106002",
        "shifts": ["day", "night"],
        "expires": "2026-12-31T16:00:00Z",
        **changes,
    }
