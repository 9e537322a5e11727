"""A client of the Open311 endpoint that says what it expects, and two endpoints: of one jurisdiction and of two."""

import re
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from shared.security import Role
from tests.services.intake.channels import Make
from tests.services.intake.conftest import Intake

V2 = "/open311/v2"
W3 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
WORDS = {
    "service_code": "0102",
    "address_string": "龙溪花园3栋2单元501室",
    "description": "楼道灯坏了，\n王五家门口最黑。",
    "first_name": "三",
    "last_name": "张",
    "phone": "19900001234",
    "email": "zhang@example.com",
}


@pytest.fixture
async def one(make_intake: Make) -> Intake:
    """An endpoint of one jurisdiction."""
    return await make_intake({"anonymous": True})


@pytest.fixture
async def two(make_intake: Make) -> Intake:
    return await make_intake({"open311": {"jurisdiction": "longxi.gov.cn"}}, "yuhu")


def tree(answer: httpx.Response) -> ElementTree.Element:
    return ElementTree.fromstring(answer.content)  # noqa: S314 - we wrote it


async def get(intake: Intake, path: str, expected: int = 200, /, **params: Any) -> httpx.Response:
    answer = await intake.anybody().get(f"{V2}/{path}", params=params)
    assert answer.status_code == expected, answer.text
    return answer


async def post(intake: Intake, expected: int = 200, format: str = "json", /, **form: Any) -> httpx.Response:
    form.setdefault("api_key", await intake.key("requests:file"))
    answer = await intake.anybody().post(f"{V2}/requests.{format}", data=form)
    assert answer.status_code == expected, answer.text
    return answer


async def filed(intake: Intake, **form: Any) -> str:
    (told,) = (await post(intake, **{**WORDS, **form})).json()
    return str(told["service_request_id"])


def errors(answer: httpx.Response) -> list[dict[str, Any]]:
    if answer.headers["content-type"].startswith("application/json"):
        found: list[dict[str, Any]] = answer.json()
        return found
    root = tree(answer)
    assert root.tag == "errors"
    return [
        {"code": int(each.findtext("code") or 0), "description": each.findtext("description")}
        for each in root.findall("error")
    ]


QUESTIONS = [
    {
        "key": "lamp",
        "kind": "choice",
        "zh": "哪种灯",
        "en": "Which lamp",
        "required": True,
        "choices": [
            {"code": "street", "zh": "路灯", "en": "Street"},
            {"code": "stair", "zh": "楼道灯", "en": "Stair"},
        ],
    },
    {"key": "since", "kind": "date", "zh": "从哪天开始", "en": "Since when"},
    {"key": "dark", "kind": "yes_no", "zh": "是否全黑", "en": "Is it dark"},
    {"key": "many", "kind": "number", "zh": "几盏", "en": "How many"},
]


async def ask(intake: Intake) -> None:
    answer = await intake.as_(Role.HEAD).put("/v1/questions/0102", json={"questions": QUESTIONS})
    assert answer.status_code in {200, 201}, answer.text
