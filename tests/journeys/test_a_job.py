"""A resident looks for work, a vacancy is published, and the two find each other."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.security import Role
from tests.support.community import Community
from tests.support.platform import Platform


async def test_a_seeker_is_told_of_a_vacancy_that_fits_and_why(
    platform: Platform, community: Community
) -> None:
    resident = await community.resident("司徒婉清", email="situ@longxi.example")
    desk = platform.as_("employment", Role.WORKER, "desk")
    wishes = {
        "resident": str(resident),
        "occupations": ["4-07.security_guard"],
        "skills": ["patrol"],
        "certificates": ["security_guard"],
        "education": "junior_secondary",
        "experience_years": 5,
        "areas": ["330106003"],
        "shifts": ["night"],
    }
    seeker = UUID((await desk.post("/v1/seekers", wishes))["id"])
    await platform.settle()
    assert await community.told(seeker, "seeker.registered") == {f"resident {resident}": "mail"}

    fitting = await _publish(platform, desk, required_skills=["patrol"])
    near = await _publish(platform, desk, required_skills=["patrol", "fire_control_room"])
    await platform.settle()

    matches = {
        line["vacancy"]["id"]: line for line in (await desk.get(f"/v1/seekers/{seeker}/matches"))["items"]
    }
    assert matches[fitting]["fit"] == "fits"
    assert (matches[fitting]["unmet"], matches[fitting]["missing_skills"]) == ([], [])
    assert "required_skill" in matches[fitting]["met"]
    assert matches[near]["fit"] == "near"
    assert [skill["code"] for skill in matches[near]["missing_skills"]] == ["fire_control_room"]
    assert matches[near]["training"], "the course that would open it"
    assert await community.told(seeker, "job.matched") == {f"resident {resident}": "mail"}
    assert len(platform.office.to("situ@longxi.example")) == 2


async def _publish(platform: Platform, desk: Any, *, required_skills: list[str]) -> str:
    terms = {
        "organisation": "滨河商场",
        "occupation": "4-07.security_guard",
        "posts": 2,
        "required_skills": required_skills,
        "certificates": ["security_guard"],
        "education": "junior_secondary",
        "experience_years": 1,
        "pay_from": 360_000,
        "pay_to": 420_000,
        "area": "330106003",
        "shifts": ["night"],
        "expires": (platform.clock() + timedelta(days=30)).replace(microsecond=0).isoformat(),
    }
    id: str = (await desk.post("/v1/vacancies", terms))["id"]
    for move in ("check", "publish"):
        await desk.post(f"/v1/vacancies/{id}/{move}")
    return id
