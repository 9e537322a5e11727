"""What people and programs ask for: lists, pages and counts, over HTTP, each size in turn for each call."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Any

import httpx

from shared.security import Role
from tests.bench.ground import Ground, MeasuringFailed
from tests.bench.growing.sizes import Found, Size
from tests.bench.seeding.words import reference_of

_CALLS = 9


@dataclass(frozen=True, slots=True)
class Question:
    """One call. With a `body` it is a POST that changes nothing."""

    name: str
    service: str
    path: str
    roles: tuple[Role, ...] = (Role.HEAD, Role.OPERATOR)
    subject: str = "head-1"
    body: Mapping[str, Any] | None = None
    of_a_span: bool = False
    """It counts what happened in some days, which is as many times more."""


def questions_of(size: Size) -> Sequence[Question]:
    """The same at every size: about open work, about the latest, and about what lies far back."""
    plan = size.plan
    resident, worker = size.residents(1)[0], str(plan.workers[7])
    last, oldest = size.request(10), size.request(plan.requests - 20)
    grid, own = plan.grids[5], (Role.WORKER,)
    return [
        Question("requests", "intake", "/v1/requests"),
        Question("requests_open", "intake", "/v1/requests?state=in_progress"),
        Question("requests_overdue", "intake", "/v1/requests?overdue=true"),
        Question("requests_of_worker", "intake", f"/v1/requests?worker={worker}"),
        Question("requests_of_worker_open", "intake", f"/v1/requests?worker={worker}&state=in_progress"),
        Question("requests_of_grid", "intake", f"/v1/requests?grid={grid}"),
        Question("requests_of_grid_open", "intake", f"/v1/requests?grid={grid}&state=in_progress"),
        Question("requests_of_category", "intake", "/v1/requests?category=02"),
        Question("requests_of_import", "intake", "/v1/requests?source=hotline-0"),
        Question("requests_of_resident", "intake", "/v1/requests", (Role.RESIDENT,), resident),
        Question("request", "intake", f"/v1/requests/{last}"),
        Question("request_story", "intake", f"/v1/requests/{last}/story"),
        Question("request_old", "intake", f"/v1/requests/{oldest}"),
        Question("request_by_reference", "intake", f"/v1/requests/{reference_of(plan, plan.requests // 2)}"),
        Question("resident_reads", "intake", f"/v1/residents/{resident}/reads", (Role.RESIDENT,), resident),
        Question("resident_found", "intake", "/v1/residents/find", body={"phone": "+8619900000001"}),
        Question("import_progress", "intake", "/v1/imports/hotline-0/progress"),
        Question("intake_status", "intake", "/v1/operations/status"),
        Question("own_day", "casework", "/v1/day", own, worker),
        Question("cases_own", "casework", "/v1/cases?mine=true", own, worker),
        Question("cases_open", "casework", "/v1/cases?state=open&state=accepted&state=working"),
        Question("cases_overdue", "casework", "/v1/cases?state=working&overdue=true"),
        Question("cases_waiting", "casework", "/v1/cases?waiting=true"),
        Question("cases_of_grid", "casework", f"/v1/cases?grid={grid}&state=working"),
        Question("case", "casework", f"/v1/cases/{last}"),
        Question("case_story", "casework", f"/v1/cases/{last}/story"),
        Question("assignment", "casework", f"/v1/requests/{last}/assignment"),
        Question("workload", "casework", "/v1/workload"),
        Question("skill_gaps", "casework", "/v1/skill-gaps", of_a_span=True),
        Question("casework_status", "casework", "/v1/operations/status"),
        Question("dead_letters", "casework", "/v1/operations/dead-letters"),
        Question("inbox_of_resident", "notifications", "/v1/inbox", (Role.RESIDENT,), resident),
        Question("inbox_of_worker", "notifications", "/v1/inbox", own, worker),
        Question("messages_about", "notifications", f"/v1/messages?about={last}"),
        Question("messages_summary", "notifications", "/v1/summary", of_a_span=True),
        Question("notifications_status", "notifications", "/v1/operations/status"),
    ]


async def measure(ground: Ground, sizes: Sequence[Size], found: Found) -> None:
    """The APIs of every size run."""
    async with AsyncExitStack() as stack:
        clients = {
            (size.times, service): await stack.enter_async_context(
                httpx.AsyncClient(base_url=size.community.stack.urls[service], trust_env=False, timeout=120)
            )
            for size in sizes
            for service in size.community.accesses
        }
        asked = {size.times: questions_of(size) for size in sizes}
        found.of_a_span |= {one.name for one in asked[sizes[0].times] if one.of_a_span}
        for _ in range(ground.rounds):
            for number, question in enumerate(asked[sizes[0].times]):
                taken: dict[int, list[float]] = {size.times: [] for size in sizes}
                for call in range(_CALLS + 2):
                    for size in sizes:
                        mine = asked[size.times][number]
                        seconds = await ask(clients[size.times, mine.service], size, mine)
                        if call >= 2:  # plans and keys are kept from then on
                            taken[size.times].append(seconds * 1000)
                for times, values in taken.items():
                    found.times[question.name][times].append(median(values))


async def ask(client: httpx.AsyncClient, size: Size, question: Question) -> float:
    """Seconds. Raises MeasuringFailed."""
    token = size.community.issuer.mint(size.community.stack.tenant, question.subject, list(question.roles))
    headers = {"Authorization": f"Bearer {token}", "X-Purpose": "handle_request"}
    method = "GET" if question.body is None else "POST"
    began = time.perf_counter()
    answer = await client.request(method, question.path, headers=headers, json=question.body)
    taken = time.perf_counter() - began
    if answer.is_error:
        raise MeasuringFailed(f"{question.name}: {answer.status_code} {answer.text[:300]}")
    return taken
