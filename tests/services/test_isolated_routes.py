"""Two communities behind the same routes: what is another's is answered as what nobody has."""

from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.database import new_id
from tests.services.conftest import SOURCE
from tests.services.employment.samples import vacancy_body, wishes
from tests.support.applications import FIRST, NAMES, RECEIPTS, SECOND, Applications
from tests.support.least import least, needed

FILES: Mapping[str, bytes] = {
    "image/png": b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    ),
    "text/csv": "姓名,电话\n张三,19900001234\n".encode(),
}
"""A file of a kind that some route takes."""
EXPECTED: Mapping[str, int] = {
    # In one's own household nobody of another community is a member, like nobody at all.
    "own POST /v1/households/{id}/members/{resident}/leave": 409,
    # Who read of somebody whom nobody knows: nobody.
    "GET /v1/residents/{id}/reads": 200,
    "GET /v1/residents/{id}/merges": 200,
    "GET /v1/residents/{id}/guardianships": 200,
    # Who may give money up is looked at first.
    "POST /v1/activities/{id}/ledger/waive": 403,
}
BODIES: Mapping[str, Any] = {
    # Where a field has a form that its schema does not spell out.
    "/v1/cases/{id}/submit": {"result": "resolved", "effort_minutes": 30},
    "/v1/vacancies/{id}": vacancy_body(),
    "/v1/seekers/{id}": wishes(),
    "/v1/webhooks/{id}": {"url": "http://127.0.0.1:9/hook"},
    "/v1/activities/{id}/schedule": {
        "starts": "2096-12-05T02:00:00Z",
        "ends": "2096-12-05T03:00:00Z",
        "lanes": [{"lane": "participant", "places": 3}],
    },
    "/v1/activities/{id}/cancel": {"reason": "weather"},
    "/v1/activities/{id}/repeat": {"every": "week", "count": 2},
    "/v1/activities/{id}/repeat-preview": {"every": "week", "count": 2},
    "/v1/activities/{id}/sign-ups": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/venues/{id}": {"name": "厅", "kind": "hall"},
    "/v1/activities/{id}/ledger/lines": {"kind": "budget", "amount": 1},
    "/v1/activities/{id}/ledger/waive": {"amount": 1},
    "/v1/activities/{id}/ledger/reimbursements": {
        "payer": "019a0000-0000-7000-8000-00000000000a",
        "amount": 1,
    },
    "/v1/hot-spots/{id}/votes": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/hot-spots/{id}/votes/take-back": {"resident": "019a0000-0000-7000-8000-00000000000a"},
    "/v1/guardianships/{id}/end": {"reason": "of_age"},
    "/v1/residents/{id}/guardians": {
        "guardian": "019a0000-0000-7000-8000-00000000000a",
        "relation": "parent",
    },
    "/v1/residents/{id}/consents": {"purpose": "employment_sharing", "given": False},
    "/v1/households/{id}/members": {"resident": "019a0000-0000-7000-8000-00000000000a", "relation": "spouse"},
    "/v1/requests/{id}/reclassify": {"reason": "wrong_category"},
    "/v1/requests/{id}/understanding/decision": {"category": "06"},
    "/v1/requests/{id}/supervise": {"reason": "slow_progress"},
    "/v1/requests/{id}/reject": {"reason": "no_facts"},
    "/v1/requests/{id}/rework": {"reason": "not_solved"},
    "/v1/requests/{id}/reopen": {"reason": "not_solved"},
}
_OF_THE_INSTALLATION = "/v1/operations/"
OTHERWISE: Mapping[str, str] = {
    _OF_THE_INSTALLATION: "of the operators, who run it for all communities alike",
    "/v1/receipts/aliyun/": "the parameter is the provider's secret; see test_a_receipt_cannot_name_what_is_anothers",
    "/v1/questions/": "by a category, which is no id; see tests/services/intake/test_questions.py",
    "/v1/categories/": "as above",
    "/v1/residents/{id}/points/postings/": "by a number within the account; see tests/services/intake/test_points.py",
    "/v1/activities/{id}/ledger/lines/": "by a number within the ledger; see tests/services/intake/test_ledgers.py",
    "/v1/public/": "by the community's name, for everybody; see tests/services/intake/test_ledgers.py, test_rates.py",
    "/v1/residents/{id}/reads/{read}/": "by a number within the record; see tests/services/intake/test_read_questions.py",
    "/v1/attachment-links/": "the parameter is a signed word; see tests/services/intake/test_attachments.py",
    "/v1/imports/": "by the name of a source, which is not an id; see test_an_import_is_counted_for_its_community",
}
"""Routes with a parameter that are not tried with another's id, and why. A new route is tried, or fails this test."""


@pytest.mark.parametrize("service", NAMES)
async def test_no_route_tells_of_or_changes_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    """An id of another community is answered as one that nobody has, word for word, and nothing has changed."""
    open, token = applications[service], applications.token(tenant=SECOND)
    document = open.app.openapi()
    before, otherwise = await open.content(), []
    for path, operations in document["paths"].items():
        if "{" not in path or path.startswith(tuple(OTHERWISE)):
            continue
        for method in operations:
            sent = _sent(document, path, method)
            for level, (theirs, nobodys) in enumerate(_addresses(path, rows[service])):
                answers = [
                    _said(await open.call(method.upper(), address, token, **sent))
                    for address in (theirs, nobodys)
                ]
                assert answers[0] == answers[1], (method, path)
                below_own = "own " if level else ""
                expected = EXPECTED.get(f"{below_own}{method.upper()} {path}", 404)
                if answers[0][0] != expected:
                    otherwise.append((method, path, answers[0][0], str(answers[0][1])[:200]))
    assert otherwise == []
    assert await open.content() == before


@pytest.mark.parametrize("service", NAMES)
async def test_no_list_shows_what_is_anothers(
    service: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    open, tried = applications[service], 0
    own = {str(id) for noun, id in rows[service].items() if noun.startswith("own ")}
    ids = {str(id) for id in rows[service].values()} - own
    for path, operations in open.app.openapi()["paths"].items():
        if "get" in operations and "{" not in path and not path.startswith(_OF_THE_INSTALLATION):
            answer = await open.call("GET", path, applications.token(tenant=SECOND))
            assert not any(id in answer.text for id in ids), path
            if answer.is_success and "items" in answer.json():
                lines = answer.json()["items"]
                assert all(own & {str(value) for value in line.values()} for line in lines), path
                tried += 1
    assert tried >= 1


async def test_a_receipt_cannot_name_what_is_anothers(
    applications: Applications, rows: Mapping[str, Mapping[str, UUID]]
) -> None:
    open, message = applications["notifications"], rows["notifications"]["inbox"]
    before = await open.content()
    receipt = {"success": True, "err_code": "DELIVERED", "biz_id": "1", "out_id": f"{SECOND}.{message}"}
    answer = await open.call("POST", f"/v1/receipts/aliyun/{RECEIPTS}", None, json=[receipt])
    assert answer.status_code == 200, answer.text
    assert await open.content() == before


@pytest.mark.usefixtures("rows")
async def test_an_import_is_counted_for_its_community(applications: Applications) -> None:
    path = f"/v1/imports/{SOURCE}/progress"
    ours, theirs = [
        (await applications["intake"].call("GET", path, applications.token(tenant=tenant))).json()["filed"]
        for tenant in (FIRST, SECOND)
    ]
    assert (ours, theirs) == (1, 0)


def _sent(document: Mapping[str, Any], path: str, method: str) -> dict[str, Any]:
    """What is right for the operation: JSON, or a file where it takes one."""
    operation = document["paths"][path][method]
    media = {*operation.get("requestBody", {}).get("content", {})} & FILES.keys()
    if media:
        kind = min(media)
        return {"content": FILES[kind], "headers": {"If-Match": '"1"', "Content-Type": kind}}
    body = BODIES.get(path) if method != "get" else None
    json = body or least(document, operation)
    return {"json": json, "params": needed(operation), "headers": {"If-Match": '"1"'}}


def _addresses(path: str, rows: Mapping[str, UUID]) -> Iterator[tuple[str, str]]:
    """The path with another's ids, and with ids that nobody has; below something of one's own too, where it goes on.

    Each id is of the noun before it: `/v1/workers/{id}/absences/{absence}`. KeyError says that a kind is missing.
    """
    steps = path.split("/")
    nouns = [noun for noun, step in pairwise(steps) if step.startswith("{")]
    yield _filled(steps, [rows[noun] for noun in nouns]), _filled(steps, [new_id() for _ in nouns])
    if len(nouns) > 1:
        own, last = rows[f"own {nouns[0]}"], rows[nouns[-1]]
        yield _filled(steps, [own, last]), _filled(steps, [own, new_id()])


def _filled(steps: Sequence[str], ids: Sequence[UUID]) -> str:
    left = iter(ids)
    return "/".join(str(next(left)) if step.startswith("{") else step for step in steps)


def _said(answer: httpx.Response) -> tuple[int, Any]:
    content = answer.json()
    return answer.status_code, {key: value for key, value in content.items() if key != "correlation"}
