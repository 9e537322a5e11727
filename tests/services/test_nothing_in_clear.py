"""After a full run with everything that can go wrong on the way, no word that anybody gave stands anywhere in clear.

Looked at are all columns of all tables, all topics, caches, the log at its finest level, PostgreSQL's own log, metrics,
spans, addresses of calls and answers that are errors; on the embedded parts, and on Apache Kafka with Redis.
"""

import asyncio
import base64
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis

from services.casework.main import SERVICE as CASEWORK
from shared.contracts.intake import RequestFiled
from shared.messaging.envelope import Received
from shared.messaging.records import Record
from shared.observing import get_logger, metrics
from shared.observing.spans import span
from shared.runtime.service import Parts, Runtime
from shared.security import Role
from shared.testing.serving import serving
from shared.testing.webhook_receiver import Portal, receiver
from tests.services.employment.samples import seeker_body, vacancy_body
from tests.support.community import Community
from tests.support.everywhere import everything
from tests.support.overhearing import overheard
from tests.support.platform import Platform
from tests.support.privacy import Words, unexplained
from tests.support.voice import Voice

RESIDENT, OTHER, WORKER = "濮阳瀚海", "澹台若溪", "闻人朔风"
PHONE, NEW_PHONE, BARRED, SILENT, STAFF_PHONE = (
    f"1990077{number}" for number in (3101, 3102, 3103, 3104, 3105)
)
EMAIL, STAFF_EMAIL, NO_MAILBOX = (
    "pu.yang.7731@longxi.example",
    "wenren.88@longxi.example",
    "gone.66@longxi.example",
)
ADDRESS, SUBJECT, BODY, ID_NUMBER = "47单元1802室", "半夜有人砸窗", "患有罕见紫斑症", "330106193704120018"
REFERENCE, LETTER = "瑶光账号九九", "河图来信的原文"
FOREIGN, STRAY = "外来系统写的话", "不该出现的名字"
WORDS = Words(
    [
        *[
            RESIDENT,
            OTHER,
            WORKER,
            PHONE,
            NEW_PHONE,
            BARRED,
            SILENT,
            STAFF_PHONE,
            EMAIL,
            STAFF_EMAIL,
            NO_MAILBOX,
        ],
        *[ADDRESS, SUBJECT, BODY, ID_NUMBER, REFERENCE, LETTER, FOREIGN, STRAY],
    ]
)
AS_IT_CAME = {
    "topic district.events": "whoever may write to it wrote it",
    "topic intake.events": "likewise",
    **{
        f"table {service}.held_event.{column}": "a dead letter is kept as it came, to be looked at and tried again"
        for service in ("intake", "casework", "employment", "notifications")
        for column in ("key", "value", "headers")
    },
    **{f"table log.record.{column}": "the local log's topics" for column in ("key", "value", "headers")},
}
"""Where another writer's record may be, with its words: nobody here can know what is in it."""


@pytest.mark.timeout(240)
async def test_no_word_that_anybody_gave_stands_anywhere_in_clear(
    platform: Platform, community: Community
) -> None:
    """Guards docs/invariants/nothing-personal-in-clear.md."""
    async with overheard(platform) as heard:
        await _lives(platform, community)
        await _refusals(platform, community)
        await _faults(platform, community)
    pieces = await everything(platform, heard.spans, heard.log, heard.calls)
    kinds = {place.split(" ")[0] for place, _ in pieces}
    assert kinds >= {"table", "topic", "log", "metrics", "traces", "address", "headers", "error"}
    assert heard.spans.names
    left = unexplained(WORDS.found(pieces), {FOREIGN: AS_IT_CAME})
    assert not left, "\n".join(left)


async def test_a_word_anywhere_would_be_found(platform: Platform) -> None:
    """In every kind of place, in every form: the search above is no comfort unless it finds what it looks for."""
    word = RESIDENT
    encoded = base64.b64encode(f"name={word};".encode()).decode()
    async with overheard(platform) as heard:
        intake, ground = platform.running["intake"], platform.ground
        log = platform.log()
        await log.start()
        await log.publish(
            [
                Record("intake.events", b"k", json.dumps({"a": word}).encode(), ()),
                Record("casework.events", word.encode(), b"{}", ()),
                Record("district.events", b"k", b"{}", (("ce_x", quote(word).encode()),)),
            ]
        )
        await log.stop()
        await intake.admin.execute("CREATE TABLE planted (a jsonb, b bytea, c text[], d text)")
        await intake.admin.execute(
            "INSERT INTO planted VALUES ($1, $2, $3, $4)",
            json.dumps(word),
            word.encode(),
            [encoded],
            word.encode().hex(),
        )
        await intake.runtime.cache.set(
            "planted", "longxi", "key", word.encode("gb18030"), timedelta(minutes=1)
        )
        if ground.redis_url is not None:
            async with Redis.from_url(ground.redis_url) as redis:
                await redis.hset("planted", "field", word.upper())
        logging.getLogger("planted").debug("said %s", word)
        with span(f"planted {word}"):
            pass
        counter = metrics.counter("planted", "Planted by a test", ["what"])
        counter.labels(what=quote(word)).inc()
        await platform.as_("intake", Role.HEAD).call("GET", f"/v1/residents/{EMAIL.upper()}")
        heard.calls.append(("error of intake", json.dumps({"detail": word}).encode()))
    found = WORDS.found(await everything(platform, heard.spans, heard.log, heard.calls))
    counter.clear()
    assert {one.place for one in found} >= {
        "table intake.planted.a",
        "table intake.planted.b",
        "table intake.planted.c",
        "table intake.planted.d",
        "topic intake.events",
        "topic casework.events",
        "topic district.events",
        "cache of intake" if ground.redis_url is None else "redis",
        "log",
        "traces",
        "metrics",
        "address at intake",
        "error of intake",
    }
    assert {one.form for one in found} >= {
        *("in clear", "JSON-escaped", "URL-encoded", "in base64", "in hexadecimal"),
    }


async def _lives(platform: Platform, community: Community) -> None:
    """Everybody gives all that they can give, and everything that follows happens."""
    worker = await community.worker(WORKER, email=STAFF_EMAIL, phone=STAFF_PHONE)
    other = await community.worker("钟离", email=NO_MAILBOX)
    await community.grid(worker, "龙溪花园9栋", catch_all=True, kind="area")
    await platform.settle()
    address = f"龙溪花园9栋{ADDRESS}"
    first = await community.resident(
        RESIDENT,
        phone=PHONE,
        address=address,
        birth_year=1937,
        external={"source": "hotline", "ref": REFERENCE},
    )
    second = await community.resident(OTHER, email=EMAIL)
    head = community.head("intake")
    for wanted in ({"phone": PHONE}, {"external": {"source": "hotline", "ref": REFERENCE}}):
        found = await head.post("/v1/residents/find", wanted)
        assert found["residents"] == [str(first)]
    said = {"body": f"{BODY}，身份证{ID_NUMBER}，电话{PHONE}。", "address": address, "urgency": "urgent"}
    requests = [await community.file(who, SUBJECT, **said) for who in (first, second, first)]
    await platform.settle()
    await head.get(f"/v1/requests/{requests[0].id}")
    await head.get(f"/v1/residents/{first}")
    await community.handled(requests[0].id)
    await community.decide(requests[0].id, "verify")
    await community.decide(requests[0].id, "close", {"outcome": "resolved"})
    rating = {"responded": True, "resolved": False, "satisfied": False}
    await community.resident_at("intake", first).post(f"/v1/requests/{requests[0].id}/rate", rating)
    await community.resident_at("intake", first).post(f"/v1/requests/{requests[2].id}/withdraw")
    holder = UUID((await community.case(requests[1].id))["worker"])
    taker = other if holder == worker else worker
    moved = {"worker": str(taker), "reason": "workload"}
    await community.head("casework").post(f"/v1/cases/{requests[1].id}/reassign", moved)
    path = f"/v1/residents/{first}"
    await head.replace(f"{path}/contact", {"name": RESIDENT, "phone": NEW_PHONE, "address": address}, at=path)
    row = {
        "external_id": "A-1",
        "resident_ref": REFERENCE,
        "subject": SUBJECT,
        "body": LETTER,
        "submitted_at": "2025-03-04T09:00:00+08:00",
        "address": address,
    }
    batch = {"source": "hotline", "history": False, "requests": [row, {**row, "urgency": RESIDENT}]}
    assert (await platform.as_("intake", Role.OPERATOR).post("/v1/requests/bulk", batch))["filed"] == 1
    desk = platform.as_("employment", Role.WORKER)
    await desk.post("/v1/seekers", {**seeker_body(), "resident": str(second)})
    vacancy = (await desk.post("/v1/vacancies", vacancy_body()))["id"]
    for move in ("check", "publish"):
        await desk.post(f"/v1/vacancies/{vacancy}/{move}")
    await platform.settle()
    inbox = await community.resident_at("notifications", first).get("/v1/inbox")
    assert inbox["items"], "told in the inbox too"
    await community.resident_at("intake", second).delete(f"/v1/residents/{second}")
    await platform.settle()
    assert platform.gateway.network.to(PHONE)
    assert platform.gateway.network.to(STAFF_PHONE)
    assert platform.office.to(EMAIL)


async def _refusals(platform: Platform, community: Community) -> None:
    """Calls that are wrong, with the words in every part of them but the path's own."""
    head = community.head("intake")
    person = {"name": RESIDENT, "phone": PHONE, "email": EMAIL}
    for path, body in (
        ("/v1/residents", {"name": [RESIDENT], "phone": BODY, "gender": RESIDENT, "birth_year": PHONE}),
        ("/v1/residents", {**person, "email": f"{RESIDENT} {EMAIL}", "language": RESIDENT}),
        (
            "/v1/requests",
            {"subject": f"{SUBJECT}\0", "body": [BODY], "resident": RESIDENT, "category": PHONE},
        ),
        ("/v1/residents/find", {"phone": f"{PHONE}{BODY}", "external": {"source": RESIDENT, "ref": 1}}),
        ("/v1/contacts", {"purpose": RESIDENT, "residents": [PHONE]}),
        (f"/v1/requests/{uuid4()}/reject", {"reason": BODY}),
    ):
        assert (await head.call("POST", path, body)).is_client_error, path
    raw = await platform.http.post(
        "http://intake.test/v1/residents",
        content=f'{{"name": "{RESIDENT}", "phone": {PHONE}'.encode(),
        headers={"Authorization": head._headers["Authorization"], "Content-Type": "application/json"},
    )
    assert raw.status_code == 400
    for headers in (
        {"X-Correlation-Id": PHONE},
        {"X-Purpose": PHONE},
        {"Authorization": f"Bearer {PHONE}"},
        {"If-None-Match": f'"{PHONE}"', "Accept-Language": EMAIL, "traceparent": PHONE, "User-Agent": EMAIL},
    ):
        await head.call("GET", f"/v1/residents/{uuid4()}", headers=headers)
    staff = community.head("casework")
    wrong: Sequence[dict[str, Any]] = (
        {"staff_number": WORKER, "name": f"{WORKER}\u202e\0"},
        {"name": 1, "email": STAFF_EMAIL + " " + WORKER},
    )
    for body in wrong:
        assert (await staff.call("POST", "/v1/workers", body)).is_client_error


async def _faults(platform: Platform, community: Community) -> None:
    """The world outside, other writers, handlers and the database fail, each with the words on its lips."""
    await _providers_that_quote(platform, community)
    await _a_writer_that_does_not_keep_the_contract(platform)
    await _a_database_that_quotes(platform, community)
    await _a_handler_that_quotes(platform, community)


async def _providers_that_quote(platform: Platform, community: Community) -> None:
    network, office = platform.gateway.network, platform.office
    network.errors[BARRED] = [f"isv.MOBILE_NUMBER_ILLEGAL:{BARRED}", f"{BARRED} {OTHER}", f"no {OTHER}"] * 5
    network.reports[SILENT] = [f"MOBILE_IN_BLACK {SILENT}", SILENT, f"MK:{SILENT}"] * 5
    office.final_replies = {NO_MAILBOX: f"550 5.1.1 <{NO_MAILBOX}> {WORKER} has no mailbox here"}
    portal = Portal(clock=platform.clock)
    async with serving(receiver(portal)) as url:
        voice = platform.as_("notifications", Role.PORTAL, "hotline")
        hook = {
            "url": f"{url}/hook",
            "events": ["request.filed", "request.closed", "resident.contact_changed"],
        }
        webhook = (await voice.post("/v1/webhooks", hook))["id"]
        portal.secrets.append((await voice.get(f"/v1/webhooks/{webhook}/secret"))["secret"])
        for phone in (BARRED, SILENT):
            who = await community.resident(OTHER, phone=phone)
            await community.file(who, SUBJECT, BODY, urgency="urgent")
        await platform.settle()
        platform.routes.down.add("intake.test")
        await platform.running["notifications"].runtime.cache.drop_tag("longxi", f"resident:{who}")
        await voice.get(f"/v1/webhooks/{webhook}/deliveries")
        platform.routes.down.clear()
    assert portal.taken
    assert not WORDS.found([("webhook", json.dumps(each.body).encode()) for each in portal.taken])
    summary = await platform.as_("notifications", Role.OPERATOR).get("/v1/summary")
    assert summary


async def _a_writer_that_does_not_keep_the_contract(platform: Platform) -> None:
    log = platform.log()
    await log.start()
    try:
        nonsense = json.dumps({"name": FOREIGN}, ensure_ascii=False).encode()
        await log.publish(
            [
                Record("district.events", b"k", nonsense, (("ce_type", b"holiday.changed"),)),
                Record("intake.events", FOREIGN.encode(), nonsense, (("ce_id", FOREIGN.encode()),)),
            ]
        )
    finally:
        await log.stop()
    operator = platform.as_("casework", Role.OPERATOR)
    await _until(lambda: _dead_letters(operator), 2)


async def _a_database_that_quotes(platform: Platform, community: Community) -> None:
    intake = platform.running["intake"].admin
    head = community.head("intake")
    for table in ("resident", "request"):
        await intake.execute(f"ALTER TABLE {table} ADD CONSTRAINT never CHECK (false) NOT VALID")
    refused = await head.call("POST", "/v1/residents", {"name": RESIDENT, "phone": PHONE})
    assert refused.status_code == 500
    some = await intake.fetchval("SELECT id FROM resident WHERE name IS NOT NULL LIMIT 1")
    said = {"resident": str(some), "subject": SUBJECT, "body": BODY}
    assert (await head.call("POST", "/v1/requests", said)).status_code == 500
    for table in ("resident", "request"):
        await intake.execute(f"ALTER TABLE {table} DROP CONSTRAINT never")


async def _a_handler_that_quotes(platform: Platform, community: Community) -> None:
    errors: Sequence[Exception] = [
        ValueError(f"cannot reach {RESIDENT} at {PHONE}"),
        KeyError(STRAY),
        RuntimeError(f"{BODY}\nsecond line: {STRAY}"),
    ]
    of: dict[UUID, Exception] = {}

    def build(runtime: Runtime[Any]) -> Parts:
        parts = CASEWORK.build(runtime)

        @parts.handlers.on(RequestFiled)
        async def fail(_session: Any, event: Received[RequestFiled]) -> None:
            raised = of.setdefault(event.data.request, errors[len(of) % len(errors)])
            get_logger(__name__).error("a handler failed", exc_info=raised)
            raise raised

        return parts

    casework = platform.running["casework"]
    await casework.stop_worker()
    casework.service = replace(CASEWORK, build=build)
    await casework.start_worker()
    who = await community.resident(RESIDENT, phone=PHONE)
    for _ in errors:
        await community.file(who, SUBJECT, BODY)
    failed = "SELECT count(*) FROM held_event WHERE state = 'retrying' AND error IS NOT NULL"
    await _until(lambda: casework.admin.fetchval(failed), len(errors))
    await casework.stop_worker()


async def _dead_letters(operator: Voice) -> int:
    return len((await operator.get("/v1/operations/dead-letters"))["items"])


async def _until(count: Callable[[], Awaitable[int]], wanted: int) -> None:
    async with asyncio.timeout(30):
        while True:
            if await count() >= wanted:
                return
            await asyncio.sleep(0.05)
