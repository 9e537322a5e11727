"""What the OpenAPI documents say is true: Schemathesis calls every operation as they allow it, and as they do not."""

import asyncio
import logging
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from tests.support.applications import NAMES, Applications

_SETTINGS = """
seed = 20261118
[generation]
max-examples = 15
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
"""


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


def _failures(app: Any, token: str) -> list[str]:
    """Every way in which an answer is not as the document says."""
    config = SchemathesisConfig.from_str(_SETTINGS)
    config.projects.default.headers = {"Authorization": f"Bearer {token}", "X-Purpose": "handle_request"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    found: dict[str, None] = {}
    for event in from_schema(schema).execute():
        if isinstance(event, NonFatalError):
            found[f"{event.label}: {event.value}"] = None
        elif isinstance(event, FatalError):
            raise event.exception
        elif isinstance(event, ScenarioFinished):
            for checks in event.recorder.checks.values():
                for check in checks:
                    if check.failure_info is not None:
                        said = check.failure_info
                        found[f"{event.recorder.label}: {check.name}: {said.failure}: {said.code_sample}"] = (
                            None
                        )
    return list(found)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", NAMES)
async def test_every_answer_is_as_documented(
    service: str, applications: Applications, caplog: pytest.LogCaptureFixture
) -> None:
    app = _OnLoop(applications[service].app)
    with caplog.at_level(logging.ERROR):
        failures = await asyncio.to_thread(_failures, app, applications.token())
    assert not failures, f"{len(failures)}:\n" + "\n\n".join(failures[:20])
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
