"""Ids in bodies and queries that name what is another community's: answered as ids that nobody has."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.casework import WorkerAssigned
from shared.contracts.intake import RequestRedispatched
from shared.database import new_id
from shared.security import Role
from tests.services.conftest import hear, hear_of_request
from tests.support.applications import NAMES, SECOND, Applications

_CONTACTS = {"purpose": "handle_request"}
_TIMES = {"starts": "2096-12-05T02:00:00Z", "ends": "2096-12-05T03:00:00Z"}
_LANES = [{"lane": "participant", "places": 3}]
_NOBODYS = "019a0000-0000-7000-8000-0000000000ff"
NAMED: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # Where an id is named: of what kind it is, and the rest of the body.
    "casework get /v1/cases ?assignee": ("workers", {}),
    "casework get /v1/cases ?grid": ("grids", {}),
    "casework get /v1/grids ?owner": ("workers", {}),
    "casework post /v1/cases/{id}/reassign .worker": ("workers", {"reason": "better_skill"}),
    "casework post /v1/cases/{id}/transfer .to": ("workers", {"reason": "better_skill"}),
    "casework post /v1/contacts .workers[]": ("workers", _CONTACTS),
    "casework post /v1/grids .owner": ("workers", {"code": "g9", "name": "九网格", "kind": "area"}),
    "casework put /v1/grids/{id} .owner": ("workers", {"name": "九网格"}),
    "employment get /v1/seekers ?resident": ("residents", {}),
    "intake get /v1/activities ?series": ("activities", {}),
    "intake post /v1/activities .resident": (
        "residents",
        {"kind": "sport", "title": "球", "description": "打球"},
    ),
    "intake post /v1/activities/{id}/schedule .venue": ("venues", {**_TIMES, "lanes": _LANES}),
    "intake post /v1/activities/{id}/sign-ups .resident": ("residents", {}),
    "intake post /v1/bookings .resident": ("residents", {**_TIMES, "venue": _NOBODYS}),
    "intake post /v1/bookings .venue": ("venues", {**_TIMES, "purpose": "closure"}),
    "intake get /v1/hot-spots ?grid": ("grids", {}),
    "intake get /v1/point-orders ?resident": ("residents", {}),
    "intake get /v1/reimbursements ?activity": ("activities", {}),
    "intake post /v1/activities/{id}/ledger/lines .payer": (
        "residents",
        {"kind": "out_of_pocket", "amount": 1, "purpose": "food", "receipt": _NOBODYS},
    ),
    "intake post /v1/activities/{id}/ledger/lines .sponsor": ("residents", {"kind": "sponsor", "amount": 1}),
    "intake post /v1/activities/{id}/ledger/receipts ?payer": ("residents", {}),
    "intake post /v1/activities/{id}/ledger/reimbursements .payer": ("residents", {"amount": 1}),
    "intake post /v1/point-orders .resident": ("residents", {"item": _NOBODYS}),
    "intake post /v1/hot-spots/{id}/votes .resident": ("residents", {}),
    "intake post /v1/hot-spots/{id}/votes/take-back .resident": ("residents", {}),
    "intake get /v1/households ?grid": ("grids", {}),
    "intake post /v1/emergency-contacts .residents[]": ("residents", {}),
    "intake post /v1/households .head": ("residents", {}),
    "intake post /v1/households/{id}/members .resident": ("residents", {"relation": "spouse"}),
    "intake post /v1/residents/{id}/guardians .guardian": ("residents", {"relation": "parent"}),
    "intake post /v1/residents/{id}/merges .other": ("residents", {}),
    "intake put /v1/households/{id}/head .resident": ("residents", {}),
    "intake get /v1/requests ?grid": ("grids", {}),
    "intake get /v1/requests ?resident": ("residents", {}),
    "intake get /v1/requests ?worker": ("workers", {}),
    "intake post /v1/contacts .residents[]": ("residents", _CONTACTS),
    "intake post /v1/requests .resident": ("residents", {"subject": "路灯不亮", "body": "坏了三天。"}),
    "intake post /v1/requests/{id}/mark-duplicate .of": ("requests", {}),
    "notifications get /v1/messages ?about": ("requests", {}),
}
_EQUIPMENT = "in a list of things; see tests/services/intake/test_venues.py"
_STANDING = "of those who stand on the activity's list, which is the community's own"
_FIGURES = "needs a month; figures are of the community's own lines, see tests/services/intake/test_rates.py"
OTHERWISE: Mapping[str, str] = {
    "intake post /v1/residents/{id}/consents .text": "has to be the text in force; see tests/services/intake/test_consents.py",
    "intake post /v1/residents/{id}/guardians .consent_text": "as above; see tests/services/intake/test_guardians.py",
    "intake get /v1/rates ?grid": _FIGURES,
    "intake get /v1/rates/requests ?grid": _FIGURES,
    "intake post /v1/point-orders .item": "answered like nobody's; see tests/services/intake/test_points.py",
    "intake post /v1/activities/{id}/ledger/lines .receipt": "of the activity in the path; see tests/services/intake/test_receipts.py",
    "intake post /v1/activities/{id}/schedule .equipment[].equipment": _EQUIPMENT,
    "intake post /v1/bookings .equipment[].equipment": _EQUIPMENT,
    "intake patch /v1/activities/{id} .venue": "only of what is scheduled; see tests/services/intake/test_venues.py",
    "intake post /v1/activities/{id}/attendance .resident": _STANDING,
    "intake post /v1/activities/{id}/attendance/by-hand .resident": _STANDING,
    "intake post /v1/requests/{id}/redispatch .worker": "intake knows no workers: casework looks, see below",
    "employment post /v1/seekers .resident": "employment knows no residents; it asks intake when it needs one",
    **{
        f"{service} post /v1/operations/replay .aggregate": "of the operators, for all communities alike"
        for service in NAMES
    },
}


@pytest.fixture(scope="module")
async def own(applications: Applications, rows: Mapping[str, Mapping[str, UUID]]) -> Mapping[str, UUID]:
    """What the second community has itself, by the noun of the path."""
    worker = rows["casework"]["own workers"]
    head = applications.token(Role.HEAD, tenant=SECOND)

    async def made(service: str, path: str, body: Any) -> UUID:
        answer = await applications[service].call("POST", path, head, json=body)
        assert answer.is_success, answer.text
        return UUID(answer.json()["id"])

    grid = {"code": "g1", "name": "一网格", "kind": "area", "owner": str(worker), "catch_all": True}
    concern = {"subject": "路灯不亮", "body": "坏了三天。"}
    resident = await made("intake", "/v1/residents", {"name": "赵六"})
    request = await made("intake", "/v1/requests", {**concern, "resident": str(resident)})
    idea = {"kind": "sport", "title": "乒乓球", "description": "周末打球。"}
    own = {"grids": await made("casework", "/v1/grids", grid), "requests": request, "cases": request}
    own["residents"], own["households"] = resident, rows["intake"]["own households"]
    own["hot-spots"] = rows["intake"]["own hot-spots"]
    own["activities"] = await made("intake", "/v1/activities", idea)
    await hear_of_request(applications["casework"], request, resident, tenant=SECOND)
    accepted = await applications["casework"].call(
        "POST", f"/v1/cases/{request}/accept", applications.token(tenant=SECOND)
    )
    assert accepted.is_success, accepted.text
    return own


@pytest.mark.parametrize("service", NAMES)
async def test_every_id_that_a_body_or_a_query_names_is_looked_at(
    service: str, applications: Applications
) -> None:
    places = {f"{service} {place}" for place in _places(applications[service].app.openapi())}
    listed = {place for place in {*NAMED, *OTHERWISE} if place.startswith(f"{service} ")}
    assert places == listed


@pytest.mark.parametrize("place", NAMED)
async def test_what_is_anothers_is_answered_as_nobodys(
    place: str, applications: Applications, rows: Mapping[str, Mapping[str, UUID]], own: Mapping[str, UUID]
) -> None:
    """Foreign keys look past row-level security, so here the services have to look first."""
    service, method, path, field = place.split(" ")
    open, token = applications[service], applications.token(tenant=SECOND)
    noun, body = NAMED[place]
    home = {"workers": "casework", "grids": "casework", "cases": "casework"}.get(noun, "intake")
    address = path.replace("{id}", str(own[path.split("/")[2]])) if "{id}" in path else path
    before = await open.content()
    said = []
    for id in (rows[home][noun], new_id()):
        name = field.strip("?.[]")
        given: Any = [str(id)] if field.endswith("[]") else str(id)
        more = {"params": {name: given}} if field.startswith("?") else {"json": {**body, name: given}}
        answer = await open.call(method.upper(), address, token, headers={"If-Match": '"1"'}, **more)
        content = {key: value for key, value in answer.json().items() if key != "correlation"}
        said.append((answer.status_code, content))
    theirs, nobodys = said
    assert theirs == nobodys
    if method == "get" or field.endswith("[]"):
        assert theirs[0] == 200, theirs
        assert not any(theirs[1].get(key) for key in ("items", "contacts")), theirs
    else:
        assert theirs[0] in {404, 409, 422}, theirs
        assert theirs[1]["type"] in _NOT_THERE, theirs
    assert await open.content() == before


_NOT_THERE = {
    f"urn:longxi:problem:{name}"
    for name in (
        "unknown-worker",
        "resident-not-found",
        "request-not-found",
        "venue-not-found",
        "not-a-member",
    )
}


async def test_a_redispatch_cannot_give_a_case_to_anothers_worker(
    applications: Applications, rows: Mapping[str, Mapping[str, UUID]], own: Mapping[str, UUID]
) -> None:
    casework, case = applications["casework"], own["cases"]
    await casework.admin.execute(
        """UPDATE "case" SET state = 'open', worker = NULL, waiting = 'head_decides' WHERE id = $1""", case
    )
    named = RequestRedispatched(request=case, worker=rows["casework"]["workers"])
    await hear(casework, named, case, tenant=SECOND)
    worker = await casework.admin.fetchval("""SELECT worker FROM "case" WHERE id = $1""", case)
    assert worker == rows["casework"]["own workers"]
    told = await casework.admin.fetchval(
        "SELECT count(*) FROM outbox WHERE type = $1 AND tenant <> $2 AND aggregate = $3",
        WorkerAssigned.type,
        SECOND,
        case,
    )
    assert told == 0


def _places(document: Mapping[str, Any]) -> Iterator[str]:
    """`get /v1/cases ?grid`, `post /v1/grids .owner`: wherever a body or a query has the form of an id."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter.get("in") == "query":
                    yield from (
                        f"{method} {path} ?{parameter['name']}" for _ in _ids(document, parameter["schema"])
                    )
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content:
                yield from (f"{method} {path} {place}" for place in _ids(document, content["schema"]))


def _ids(document: Mapping[str, Any], schema: Mapping[str, Any], place: str = "") -> Iterator[str]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if schema.get("format") == "uuid":
        yield place
    for several in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(several, ()):
            yield from _ids(document, one, place)
    if "items" in schema:
        yield from _ids(document, schema["items"], f"{place}[]")
    for name, one in schema.get("properties", {}).items():
        yield from _ids(document, one, f"{place}.{name}")
