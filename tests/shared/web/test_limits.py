"""So many requests a minute for each caller."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter

from shared.security import Principal, Role, permit
from shared.testing.clock import FrozenClock
from shared.web import Call, Model
from shared.web.exchange import Exchange
from shared.web.limits import RateLimits
from shared.web.refusals import TooManyRequests
from tests.support.requirements import missing
from tests.support.web import Stage, problem

PERMISSIONS = {role: frozenset({"things:read"}) for role in Role}
QUOTAS = {Role.RESIDENT: 3, Role.WORKER: 5, Role.OPERATOR: None}
router = APIRouter()


class Nothing(Model):
    pass


@router.get("/v1/things")
async def read_things(call: Annotated[Call, permit("things:read")]) -> Nothing:
    return Nothing()


@router.get("/v1/secrets")
async def read_secrets(call: Annotated[Call, permit("secrets:read")]) -> Nothing:
    return Nothing()


def principal(
    subject: str = "worker-1",
    role: Role = Role.WORKER,
    *,
    tenant: str = "longxi",
    per_minute: int | None = None,
) -> Principal:
    return Principal(tenant, subject, frozenset({role}), frozenset(), per_minute=per_minute)


async def spend(limits: RateLimits, who: Principal, times: int) -> int:
    """How many of so many requests were let through."""
    allowed = 0
    for _ in range(times):
        try:
            await limits.check(who, _exchange())
        except TooManyRequests:
            continue
        allowed += 1
    return allowed


def _exchange() -> Exchange:
    return Exchange({}, "zh", None)  # type: ignore[arg-type]  # only headers are added to it


async def test_one_too_many_is_429_with_the_time_to_wait(stage: Stage, frozen_clock: FrozenClock) -> None:
    client = stage.client(stage.application([router], PERMISSIONS, quotas=QUOTAS))
    frozen_clock.set(frozen_clock().replace(second=42))
    for left in (4, 3, 2, 1, 0):
        answer = await client.get("/v1/things")
        assert answer.status_code == 200
        assert answer.headers["ratelimit-policy"] == '"minute";q=5;w=60'
        assert answer.headers["ratelimit"] == f'"minute";r={left};t=18'
    answer = await client.get("/v1/things", headers={"Accept-Language": "en"})
    document = problem(answer, 429, "too-many-requests")
    assert answer.headers["retry-after"] == "18"
    assert answer.headers["ratelimit"] == '"minute";r=0;t=18'
    assert document["detail"] == "Too many requests: at most 5 in 60 seconds; try again in 18 seconds."
    frozen_clock.advance(timedelta(seconds=18))
    assert (await client.get("/v1/things")).status_code == 200


async def test_a_new_token_is_no_new_quota(stage: Stage) -> None:
    app = stage.application([router], PERMISSIONS, quotas=QUOTAS)
    statuses = []
    for _ in range(6):
        statuses.append((await stage.client(app).get("/v1/things")).status_code)
        stage.clock.advance(timedelta(seconds=1))
    assert statuses == [200] * 5 + [429]


async def test_refused_requests_count_too(stage: Stage) -> None:
    client = stage.client(stage.application([router], PERMISSIONS, quotas=QUOTAS))
    statuses = [(await client.get("/v1/secrets")).status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]


async def test_callers_do_not_spend_each_others_quota(frozen_clock: FrozenClock) -> None:
    limits = RateLimits(frozen_clock, quotas=QUOTAS)
    for who in (principal("a"), principal("b"), principal("a", tenant="yuhu")):
        assert await spend(limits, who, 7) == 5


async def test_the_widest_of_several_roles_counts(frozen_clock: FrozenClock) -> None:
    limits = RateLimits(frozen_clock, quotas=QUOTAS)
    both = Principal("longxi", "a", frozenset({Role.RESIDENT, Role.WORKER}), frozenset())
    free = Principal("longxi", "b", frozenset({Role.RESIDENT, Role.OPERATOR}), frozenset())
    assert await spend(limits, both, 10) == 5
    assert await spend(limits, free, 50) == 50


async def test_a_key_has_its_own_limit(frozen_clock: FrozenClock) -> None:
    limits = RateLimits(frozen_clock, quotas=QUOTAS)
    assert await spend(limits, principal("key:1", Role.PORTAL, per_minute=2), 5) == 2


@pytest.mark.parametrize("quota", [1, 49, 50, 51, 99, 100, 1000, 1234])
async def test_lots_neither_lose_nor_add_a_request(frozen_clock: FrozenClock, quota: int) -> None:
    limits = RateLimits(frozen_clock)
    assert await spend(limits, principal(per_minute=quota), quota + 60) == quota


async def test_without_redis_limits_fall_back_to_the_process(frozen_clock: FrozenClock) -> None:
    limits = RateLimits(frozen_clock, redis_url="redis://127.0.0.1:1/0", quotas=QUOTAS)
    assert await spend(limits, principal(), 10) == 5
    await limits.close()


@pytest.fixture(scope="module")
def redis_server() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """A Redis of our own, since a test stops it."""
    program = shutil.which("redis-server")
    if program is None:
        missing("Redis", "install redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    while b"Ready to accept connections" not in server.stdout.readline():
        assert server.poll() is None, "redis-server has stopped"
    yield f"redis://127.0.0.1:{port}/0", server
    server.kill()
    server.wait()


@pytest.mark.redis
async def test_processes_share_one_quota_through_redis_and_go_on_when_it_dies(
    redis_server: tuple[str, "subprocess.Popen[bytes]"], frozen_clock: FrozenClock
) -> None:
    url, server = redis_server
    processes = [RateLimits(frozen_clock, redis_url=url, quotas=QUOTAS) for _ in range(3)]
    assert sum([await spend(limits, principal(), 4) for limits in processes]) == 5
    frozen_clock.advance(timedelta(minutes=1))
    server.kill()
    server.wait()
    assert [await spend(limits, principal(), 8) for limits in processes] == [5, 5, 5]
    for limits in processes:
        await limits.close()


async def test_the_answer_of_an_unlimited_caller_says_nothing_of_limits(stage: Stage) -> None:
    app = stage.application([router], PERMISSIONS, quotas=QUOTAS)
    answer: httpx.Response = await stage.client(app, Role.OPERATOR).get("/v1/things")
    assert "ratelimit" not in answer.headers
