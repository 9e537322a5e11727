"""A portal that takes webhooks: checks signatures with the library of Standard Webhooks, and answers as told."""

import hmac
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Taken:
    id: str
    """The `webhook-id`."""
    body: dict[str, Any]
    raw: bytes
    signatures: int


@dataclass(slots=True)
class Portal:
    secrets: list[str] = field(default_factory=list)
    """Those that the portal knows; one that matches is enough."""
    answers: deque[int] = field(default_factory=deque)
    """Statuses of the next answers; 204 when used up."""
    clock: Clock | None = None
    """For tests that move the time: the signature is checked at the time that this gives, not at the real one."""
    taken: list[Taken] = field(default_factory=list)
    refused: int = 0
    """Calls with a signature that is none."""
    calls: int = 0


def receiver(portal: Portal) -> FastAPI:
    app = FastAPI(title="Portal", openapi_url=None)

    @app.post("/hook")
    async def hook(request: Request) -> Response:
        raw, headers = await request.body(), dict(request.headers)
        portal.calls += 1
        if not any(_verified(secret, raw, headers, portal.clock) for secret in portal.secrets):
            portal.refused += 1
            return Response(status_code=401)
        status = portal.answers.popleft() if portal.answers else 204
        if 200 <= status < 300:
            signatures = len(headers["webhook-signature"].split(" "))
            portal.taken.append(Taken(headers["webhook-id"], json.loads(raw), raw, signatures))
        return Response(status_code=status)

    return app


def _verified(secret: str, raw: bytes, headers: dict[str, str], clock: Clock | None) -> bool:
    if clock is None:
        try:
            Webhook(secret).verify(raw, headers)
        except WebhookVerificationError:
            return False
        return True
    sent = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], sent, raw.decode())
    return abs((clock() - sent).total_seconds()) < 300 and _among(
        expected, headers["webhook-signature"].split(" ")
    )


def _among(expected: str, given: Sequence[str]) -> bool:
    return any(hmac.compare_digest(expected, one) for one in given)
