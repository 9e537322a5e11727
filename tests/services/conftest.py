"""Something of every kind in the first of two communities, for tests of what the second may learn of it."""

import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from PIL import Image

from shared.contracts.base import Event
from shared.contracts.intake import Channel, RequestFiled, Urgency
from shared.database import new_id
from shared.messaging.envelope import Envelope, Received
from shared.security import Role
from tests.services.employment.samples import seeker_body, vacancy_body
from tests.support.applications import FIRST, NAMES, SECOND, Applications, Open


@pytest.fixture(scope="module")
async def rows(applications: Applications) -> Mapping[str, Mapping[str, UUID]]:
    """Something of every kind in the first community: for each service, by the noun of its path; under `own <noun>`
    what the second has itself, below which it may look for what is the first's."""

    async def made(service: str, path: str, body: Any, *roles: Role, tenant: str = FIRST) -> UUID:
        token = applications.token(*(roles or (Role.HEAD,)), tenant=tenant)
        answer = await applications[service].call("POST", path, token, json=body)
        assert answer.is_success, answer.text
        content = answer.json()
        return UUID((content.get("line") or content)["id"])

    resident = await made("intake", "/v1/residents", {"name": "张三", "phone": "19900001234"})
    concern = {"subject": "路灯不亮", "body": "坏了三天。", "resident": str(resident)}
    request = await made("intake", "/v1/requests", concern)
    worker = await made("casework", "/v1/workers", {"staff_number": "L1", "name": "李四"})
    grid = {"code": "g1", "name": "一网格", "kind": "area", "owner": str(worker), "catch_all": True}
    rows = {
        "intake": {"residents": resident, "requests": request},
        "casework": {
            "workers": worker,
            "grids": await made("casework", "/v1/grids", grid),
            "cases": await _case(applications["casework"], request, resident),
        },
        "employment": {
            "seekers": await made("employment", "/v1/seekers", {**seeker_body(), "resident": str(resident)}),
            "vacancies": await made("employment", "/v1/vacancies", vacancy_body()),
        },
        "notifications": {
            "webhooks": await made(
                "notifications", "/v1/webhooks", {"url": "http://127.0.0.1:9/hook"}, Role.PORTAL
            )
        },
    }
    for service in NAMES:
        (permission, *_) = sorted(applications[service].service.permissions[Role.PORTAL])
        key = {"label": "一门户", "permissions": [permission]}
        rows[service]["api-keys"] = await made(service, "/v1/api-keys", key, *Role)
    rows["casework"]["requests"] = request
    absence = {"first_day": "2027-02-01", "last_day": "2027-02-03", "reason": "sick_leave"}
    rows["casework"]["absences"] = await made("casework", f"/v1/workers/{worker}/absences", absence)
    rows["casework"]["own workers"] = await made(
        "casework", "/v1/workers", {"staff_number": "L1", "name": "王五"}, tenant=SECOND
    )
    notifications = applications["notifications"]
    webhook = rows["notifications"]["webhooks"]
    trial = await notifications.call("POST", f"/v1/webhooks/{webhook}/tests", applications.token(Role.PORTAL))
    assert trial.is_success, trial.text
    rows["notifications"]["deliveries"] = await notifications.admin.fetchval(
        "SELECT id FROM webhook_delivery"
    )
    rows["notifications"]["own webhooks"] = await made(
        "notifications", "/v1/webhooks", {"url": "http://127.0.0.1:9/hook"}, Role.PORTAL, tenant=SECOND
    )
    rows["notifications"]["inbox"] = await _message(notifications, request, resident)
    idea = {"kind": "sport", "title": "乒乓球", "description": "周末打球。"}
    hall = {"name": "多功能厅", "kind": "hall"}
    for noun, tenant in (("", FIRST), ("own ", SECOND)):
        rows["intake"][f"{noun}activities"] = await made("intake", "/v1/activities", idea, tenant=tenant)
        rows["intake"][f"{noun}venues"] = await made("intake", "/v1/venues", hall, tenant=tenant)
    rows["intake"]["sign-ups"] = resident
    times = {"starts": "2096-12-05T02:00:00Z", "ends": "2096-12-05T03:00:00Z"}
    booking = {"venue": str(rows["intake"]["venues"]), "resident": str(resident), **times}
    rows["intake"]["bookings"] = await made("intake", "/v1/bookings", booking)
    for noun, tenant in (("", FIRST), ("own ", SECOND)):
        rows["intake"][f"{noun}hot-spots"] = await _hot_spot(applications["intake"], tenant)
        words = {"title": "已修复", "zh": "已修复。", "en": "Repaired."}
        rows["intake"][f"{noun}answer-templates"] = await made(
            "intake", "/v1/answer-templates", words, tenant=tenant
        )
    bag = {"name_zh": "环保袋", "price": 2, "stock": 5}
    rows["intake"]["point-items"] = await made("intake", "/v1/point-items", bag)
    admin, now = applications["intake"].admin, applications["intake"].runtime.clock()
    for noun, of, statement in (
        ("point-orders", "point-items", _POINT_ORDER),
        ("reimbursements", "activities", _REIMBURSEMENT),
    ):
        rows["intake"][noun] = new_id()
        await admin.execute(statement, FIRST, rows["intake"][noun], resident, rows["intake"][of], now)
    theirs = await made("intake", "/v1/residents", {"name": "孙七"}, tenant=SECOND)
    other = await made("intake", "/v1/residents", {"name": "周八"})
    for noun, statement in _OF_TWO_RESIDENTS.items():
        rows["intake"][noun] = new_id()
        await admin.execute(statement, FIRST, rows["intake"][noun], resident, other, now)
    rows["intake"]["erasures"] = await _erased(applications["intake"], other)
    rows["intake"]["households"] = await made("intake", "/v1/households", {"head": str(resident)})
    rows["intake"]["own households"] = await made(
        "intake", "/v1/households", {"head": str(theirs)}, tenant=SECOND
    )
    rows["intake"]["members"] = resident
    rows["intake"]["attachments"] = await _picture(applications, f"/v1/requests/{request}/attachments")
    activity = rows["intake"]["activities"]
    rows["intake"]["receipts"] = await _picture(
        applications, f"/v1/activities/{activity}/ledger/receipts?payer={resident}"
    )
    rows["intake"]["read-questions"] = await _read_question(applications, resident)
    rows["intake"]["registers"] = await made("intake", "/v1/registers", {"source": "register"})
    rows["intake"]["own requests"] = await made(
        "intake", "/v1/requests", {**concern, "resident": str(theirs)}, tenant=SECOND
    )
    source = {"external_id": "1", "resident_ref": "1", "subject": "路灯不亮", "body": "坏了三天。"}
    batch = {"source": SOURCE, "history": False, "requests": [source]}
    answer = await applications["intake"].call(
        "POST", "/v1/requests/bulk", applications.token(Role.OPERATOR), json=batch
    )
    assert answer.json()["filed"] == 1, answer.text
    return rows


SOURCE = "letters"
"""Of an import of the first community."""


async def _hot_spot(intake: Open, tenant: str) -> UUID:
    """As the job makes one, which looks at what is a minute old."""
    id = new_id()
    await intake.admin.execute(_HOT_SPOT, tenant, id, intake.runtime.clock())
    return id


_HOT_SPOT = """
INSERT INTO hot_spot (tenant, id, state, requests, residents, votes, heat, measured, first, last, version)
VALUES ($1, $2, 'emerging', 2, 2, 0, 20, $3, $3, $3, 1)
"""


_OF_TWO_RESIDENTS = {
    "guardianships": """
        INSERT INTO guardianship (tenant, id, guardian, ward, relation, since, by)
        VALUES ($1, $2, $3, $4, 'parent', $5, 'head-1')
    """,
    "merges": """
        INSERT INTO resident_merge (tenant, id, kept, merged, at, by, undo_until)
        VALUES ($1, $2, $3, $4, $5, 'head-1', $5::timestamptz + interval '30 days')
    """,
}
_ERASURE = """
INSERT INTO erasure (tenant, resident, at, reason, by_role, by, destroyed, key)
VALUES ($1, $2, $3, 'asked', 'head', 'head-1', '{}', '00')
"""


async def _erased(intake: Open, resident: UUID) -> UUID:
    """A certificate of an erasure; what it is of does not matter to who may see it."""
    await intake.admin.execute(_ERASURE, FIRST, resident, intake.runtime.clock())
    return resident


async def _picture(applications: Applications, path: str) -> UUID:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    answer = await applications["intake"].call(
        "POST",
        path,
        applications.token(Role.WORKER),
        content=picture.getvalue(),
        headers={"Content-Type": "image/png"},
    )
    assert answer.is_success, answer.text
    return UUID(answer.json()["id"])


async def _read_question(applications: Applications, resident: UUID) -> UUID:
    """What a resident asks of a read of the head's."""
    intake, own = applications["intake"], applications.token(Role.RESIDENT, subject=str(resident))
    path = f"/v1/residents/{resident}"
    assert (await intake.call("GET", path, applications.token(Role.HEAD))).is_success
    (read, *_) = (await intake.call("GET", f"{path}/reads", own)).json()["items"]
    asked = await intake.call(
        "POST", f"{path}/reads/{read['id']}/questions", own, json={"text": "为什么看我的资料？"}
    )
    assert asked.is_success, asked.text
    return UUID(asked.json()["id"])


_POINT_ORDER = """
WITH account AS (
    INSERT INTO point_account (tenant, resident, balance, minutes) VALUES ($1, $3, 0, 60)
), earned AS (
    INSERT INTO point_posting (tenant, resident, debit, credit, amount, reason, balance, minutes, role, actor, at)
    VALUES ($1, $3, 'issued', 'resident', 2, 'attended', 2, 60, 'clock', 'clock', $5) RETURNING id
), lot AS (
    INSERT INTO point_lot (tenant, id, resident, posting, amount, "left", expires)
    SELECT $1, gen_random_uuid(), $3, id, 2, 0, $5::timestamptz + interval '1 year' FROM earned RETURNING id
), made AS (
    INSERT INTO point_order (tenant, id, resident, item, quantity, points, state, ordered)
    VALUES ($1, $2, $3, $4, 1, 2, 'ordered', $5)
)
INSERT INTO point_use (tenant, order_id, lot, amount) SELECT $1, $2, id, 2 FROM lot
"""
_REIMBURSEMENT = """
WITH book AS (
    INSERT INTO ledger (tenant, activity, state, lines, version, opened) VALUES ($1, $4, 'open', 0, 1, $5)
)
INSERT INTO ledger_reimbursement (tenant, id, activity, payer, amount, state, entered, entered_by)
VALUES ($1, $2, $4, $3, 100, 'waiting', $5, 'worker-1')
"""


async def _case(casework: Open, request: UUID, resident: UUID) -> UUID:
    """A case as intake's event makes one."""
    await hear_of_request(casework, request, resident)
    return request


async def _message(notifications: Open, request: UUID, resident: UUID) -> UUID:
    """What the resident is told of the same event."""
    await hear_of_request(notifications, request, resident)
    id = await notifications.admin.fetchval("SELECT id FROM message WHERE recipient = $1", resident)
    assert isinstance(id, UUID)
    return id


async def hear_of_request(service: Open, request: UUID, resident: UUID, tenant: str = FIRST) -> None:
    """What intake says of a request that was filed."""
    now = service.runtime.clock()
    event = RequestFiled(
        request=request,
        resident=resident,
        reference="261118-000001-0",
        urgency=Urgency.NORMAL,
        channel=Channel.WEB,
        filed=now,
        due=now,
    )
    await hear(service, event, request, tenant=tenant)


async def hear(service: Open, event: Event, subject: UUID, *, tenant: str) -> None:
    """Have the service's handlers apply an event of intake."""
    id = new_id()
    envelope = Envelope(
        id=id,
        source="urn:longxi:service:intake",
        type=event.type,
        time=service.runtime.clock(),
        subject=subject,
        tenant=tenant,
        sequence=1,
        correlation=id,
        causation=None,
        traceparent=None,
        dataschema=event.dataschema(),
        data=event.model_dump_json().encode(),
    )
    route = service.parts.handlers.route(event.type)
    assert route is not None
    async with service.runtime.database.transaction(tenant) as session:
        for subscription in route.subscriptions:
            received: Any = Received(envelope, event)
            await subscription.handle(session, [received] if subscription.batch else received)
