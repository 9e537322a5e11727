"""The reader of each community: the shipped model, or the one it has trained, known here within a minute."""

import json
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.intake.policies import Policies
from services.intake.understanding.rules import Proposal, propose
from shared.clock import Clock
from shared.database import Database
from shared.understanding import Classifier, Reading, Understanding, shipped

KEPT = timedelta(minutes=1)

_ACTIVE = """
WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
SELECT own.version, own.model::text AS model
FROM scope CROSS JOIN LATERAL (
    SELECT version, model FROM classifier_model WHERE tenant = scope.tenant AND active OFFSET 0
) own
"""


class Said(Protocol):
    """The words of a request."""

    @property
    def subject(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def address(self) -> str | None: ...


class Readers:
    def __init__(self, database: Database, policies: Policies, clock: Clock) -> None:
        self._database = database
        self._policies = policies
        self._clock = clock
        self._held: dict[str, tuple[Understanding, datetime]] = {}

    async def propose(self, tenant: str, words: Said) -> Proposal:
        model, reading = await self.read(tenant, words)
        return propose(reading, model=model, terms=self._policies.of(tenant).understanding)

    async def read(self, tenant: str, words: Said) -> tuple[str, Reading]:
        """The version of the model, and what it reads."""
        understanding = await self._of(tenant)
        reading = understanding.read(words.subject, words.body, words.address)
        return understanding.classifier.version, reading

    async def classifier(self, tenant: str) -> Classifier:
        return (await self._of(tenant)).classifier

    def forget(self, tenant: str) -> None:
        self._held.pop(tenant, None)

    async def _of(self, tenant: str) -> Understanding:
        held, now = self._held.get(tenant), self._clock()
        if held is not None and held[1] > now:
            return held[0]
        rows = await self._database.statement(_ACTIVE, tenant)
        version = rows[0]["version"] if rows else shipped().version
        # A model is made of thousands of terms: it is built again only where it is another one.
        if held is None or held[0].classifier.version != version:
            held = (Understanding(_built(version, json.loads(rows[0]["model"])) if rows else shipped()), now)
        self._held[tenant] = (held[0], now + KEPT)
        return held[0]


def _built(version: str, own: dict[str, Any]) -> Classifier:
    return shipped().changed(version=version, by=own)
