"""What the OpenAPI documents say is true: Schemathesis calls every operation as they allow it, and as they do not."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

import pytest
import schemathesis
from schemathesis import hooks
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema

from shared.security import Role
from tests.services.employment.samples import vacancy_body, wishes
from tests.support.applications import NAMES, Applications

_SETTINGS = """
seed = 20261118
[generation]
max-examples = 6
deterministic = true
no-shrink = true
[phases.stateful]
enabled = false
[checks]
enabled = false
not_a_server_error.enabled = true
status_code_conformance.enabled = true
content_type_conformance.enabled = true
response_schema_conformance.enabled = true
response_headers_conformance.enabled = true
unsupported_method.enabled = true
allow_header_conformance.enabled = true
"""
IN_ONE = "intake"
"""Routes that every service has are called in this one only."""
EVERYWHERE = "^/v1/(operations|api-keys)"
WORDS: Mapping[str, Mapping[str, str]] = {
    # What only the vocabulary of a field knows.
    "/v1/requests": {"category": "01"},
    "/v1/activities": {"kind": "sport"},
    "/v1/activities/{id}/cancel": {"reason": "weather"},
    "/v1/activities/{id}/sign-ups": {"lane": "participant"},
    "/v1/venues": {"kind": "hall"},
    "/v1/venues/{id}": {"kind": "hall"},
    "/v1/cases/{id}/submit": {"result": "resolved"},
    "/v1/cases/{id}/return": {"reason": "out_of_scope"},
    "/v1/cases/{id}/reassign": {"reason": "workload"},
    "/v1/cases/{id}/transfer": {"reason": "workload"},
    "/v1/requests/{id}/reject": {"reason": "no_facts"},
    "/v1/requests/{id}/reclassify": {"category": "0102", "reason": "new_facts"},
    "/v1/requests/{id}/supervise": {"reason": "safety_hazard"},
    "/v1/activities/{id}/ledger/lines": {"kind": "budget"},
    "/v1/bookings": {"starts": "2096-11-05T02:00:00Z", "ends": "2096-11-05T03:00:00Z"},
    "/v1/requests/{id}/understanding/decision": {"category": "0102"},
    "/v1/requests/{id}/rework": {"reason": "not_solved"},
    "/v1/requests/{id}/reopen": {"reason": "not_solved"},
    "/v1/workers/{id}/absences": {
        "reason": "sick_leave",
        "first_day": "2027-05-03",
        "last_day": "2027-05-04",
    },
    "/v1/seekers": wishes(),
    "/v1/seekers/{id}": wishes(),
    "/v1/vacancies": vacancy_body(),
    "/v1/vacancies/{id}": vacancy_body(),
    "/v1/webhooks": {"url": "http://127.0.0.1:9/hook"},
    "/v1/webhooks/{id}": {"url": "http://127.0.0.1:9/hook"},
}
_PEOPLE = "^/v1/(residents|households|registers|merges|guardianships|erasures|read-questions|consent)"
_TOGETHER = "^/v1/(activities|venues|bookings|equipment|sign-ups|point|ledgers|reimbursements)"


class Part(NamedTuple):
    """Of a service, by paths: each has a time limit of its own."""

    service: str
    about: str
    only: str = ""
    without: str = ""


PARTS = (
    Part("intake", "requests", only="^/v1/requests"),
    Part("intake", "activities", only=_TOGETHER),
    Part("intake", "rest", without=f"^/v1/requests|{_PEOPLE}|{_TOGETHER}"),
    *(Part(name, "whole") for name in NAMES if name != "intake"),
    # Last, since people may be erased and merged by it.
    Part("intake", "people", only=_PEOPLE),
)
_NAMED = {
    "resident": "residents",
    "payer": "residents",
    "worker": "own workers",
    "owner": "workers",
    "to": "own workers",
    "of": "requests",
    "venue": "venues",
}
"""Fields that name something, and of what kind."""


_ENDS = frozenset({"/v1/activities/{id}/cancel"})
"""After it nothing more can be done."""


class _OnLoop:
    """The application for callers in other threads; it runs on the loop that its connections belong to."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.get_running_loop()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body: list[dict[str, Any]] = []
        while not body or body[-1].get("more_body"):
            body.append(await receive())
        answer: list[dict[str, Any]] = []

        async def take() -> dict[str, Any]:
            return body.pop(0) if body else {"type": "http.disconnect"}

        async def keep(message: dict[str, Any]) -> None:
            answer.append(message)

        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self._app(scope, take, keep), self._loop))
        for message in answer:
            await send(message)


@dataclass(slots=True)
class Outcome:
    found: dict[str, None] = field(default_factory=dict)
    """Every way in which an answer is not as the document says."""
    statuses: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """By operation."""


class Acquaintance:
    """Puts what there is in the place of what is made up, in two calls of three that could be good: else nearly every
    call would end with an id that nobody has."""

    def __init__(self, known: Mapping[str, UUID], further: Mapping[str, UUID]) -> None:
        """`further`: such as have got on; every second call that could be good is about them."""
        self._known = known
        self._further = further
        self._turn = 0

    def introduce(self, case: Any) -> None:
        self._turn += 1
        if self._turn % 3 == 0 or case.method.upper() == "DELETE":
            return
        path = case.operation.path
        further = self._further if self._turn % 3 == 2 and path not in _ENDS else {}
        for noun, step in pairwise(path.split("/")):
            name = step.strip("{}")
            if (
                step.startswith("{")
                and noun in self._known
                and (name == "request" or _is_id((case.path_parameters or {}).get(name)))
            ):
                case.path_parameters[name] = str(further.get(noun, self._known[noun]))
        if case.method.upper() == "PUT" and case.headers is not None:
            case.headers["If-Match"] = "*"
        if isinstance(case.body, dict):
            for name, noun in _NAMED.items():
                if _is_id(case.body.get(name)) and noun in self._known:
                    case.body[name] = str(self._known[noun])
            for name, word in WORDS.get(path, {}).items():
                if isinstance(case.body.get(name), type(word)):
                    case.body[name] = word


def _is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and UUID(value) is not None
    except ValueError:
        return False


def _outcome(app: Any, token: str, acquaintance: Acquaintance, part: Part, *, everywhere: bool) -> Outcome:
    config = SchemathesisConfig.from_str(_SETTINGS)
    config.projects.default.headers = {"Authorization": f"Bearer {token}", "X-Purpose": "handle_request"}
    schema: BaseSchema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    if not everywhere:
        schema = schema.exclude(path_regex=EVERYWHERE)
    if part.only:
        schema = schema.include(path_regex=part.only)
    if part.without:
        schema = schema.exclude(path_regex=part.without)
    outcome = Outcome()

    def before_call(_context: Any, case: Any, _kwargs: Any) -> None:
        acquaintance.introduce(case)

    # This kind of hook is for the whole process or not at all.
    hooks.hook(before_call)
    try:
        for event in from_schema(schema).execute():
            if isinstance(event, NonFatalError):
                outcome.found[f"{event.label}: {event.value}"] = None
            elif isinstance(event, FatalError):
                raise event.exception
            elif isinstance(event, ScenarioFinished):
                _note(event, outcome)
    finally:
        hooks.unregister(before_call)
    return outcome


def _note(event: ScenarioFinished, outcome: Outcome) -> None:
    for interaction in event.recorder.interactions.values():
        if interaction.response is not None:
            outcome.statuses[event.recorder.label].add(interaction.response.status_code)
    for checks in event.recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                said = check.failure_info
                outcome.found[f"{event.recorder.label}: {check.name}: {said.failure}: {said.code_sample}"] = (
                    None
                )


async def _opened(applications: Applications) -> UUID:
    """An activity that residents can sign up for."""
    token = applications.token(Role.HEAD)
    said = {"kind": "sport", "title": "乒乓球", "description": "周末打球。"}
    lanes = [{"lane": "participant", "places": 3}]
    plan = {"starts": "2096-11-06T02:00:00Z", "ends": "2096-11-06T03:00:00Z", "lanes": lanes}
    id = ""
    for step, body in (("", said), ("/schedule", plan), ("/open", {})):
        path = f"/v1/activities{id and f'/{id}'}{step}"
        answer = await applications["intake"].call("POST", path, token, json=body)
        assert answer.is_success, answer.text
        id = answer.json()["id"]
    return UUID(id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", PARTS, ids=lambda part: f"{part.service}-{part.about}")
async def test_every_answer_is_as_documented(
    part: Part,
    applications: Applications,
    rows: Mapping[str, Mapping[str, UUID]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = part.service
    app, known = _OnLoop(applications[service].app), {**rows["intake"], **rows["casework"], **rows[service]}
    further = {"activities": await _opened(applications)} if part.only == _TOGETHER else {}
    acquaintance = Acquaintance(known, further)
    with caplog.at_level(logging.ERROR):
        outcome = await asyncio.to_thread(
            _outcome, app, applications.token(), acquaintance, part, everywhere=service == IN_ONE
        )
    failures = list(outcome.found)
    assert not failures, f"{len(failures)}:\n" + "\n\n".join(failures[:20])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
    good = {
        label for label, statuses in outcome.statuses.items() if any(200 <= one < 300 for one in statuses)
    }
    never = sorted(outcome.statuses.keys() - good)
    assert len(good) >= 0.55 * len(outcome.statuses), f"never answered well: {never}"
