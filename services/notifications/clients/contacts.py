"""Asking the service that owns people's contacts: `POST /v1/contacts`. The owner records each read and its purpose."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from services.notifications.sending.rules import Contact
from shared.refusals import Language
from shared.retrying import Unreachable, outside
from shared.security import ServiceTokens

PURPOSE = "notify"
"""Of the vocabulary `read_purpose`."""
BATCH = 200
"""People asked for in one call."""


class ContactsClient:
    """`asked` and `each` are the names of the list of ids in the question and of the id in each answer."""

    def __init__(
        self,
        service: str,
        http: httpx.AsyncClient,
        base_url: str,
        tokens: ServiceTokens,
        *,
        asked: str,
        each: str,
    ) -> None:
        self._service = service
        self._http = http
        self._url = f"{base_url}/v1/contacts"
        self._tokens = tokens
        self._asked = asked
        self._each = each

    async def __call__(self, tenant: str, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        """Raises Unreachable where the owner does not answer, or refuses, or answers something else."""
        found: dict[UUID, Contact] = {}
        for start in range(0, len(people), BATCH):
            some = people[start : start + BATCH]
            found |= self._read(await self._ask(tenant, some), frozenset(some))
        return found

    async def _ask(self, tenant: str, people: Sequence[UUID]) -> httpx.Response:
        body = {"purpose": PURPOSE, self._asked: [str(person) for person in people]}
        return await outside(
            self._service,
            lambda: self._http.post(self._url, json=body, headers=self._tokens.headers(tenant)),
        )

    def _read(self, answer: httpx.Response, people: frozenset[UUID]) -> dict[UUID, Contact]:
        if answer.status_code != httpx.codes.OK:
            raise Unreachable(service=self._service, reason=f"status-{answer.status_code}")
        try:
            rows: list[dict[str, Any]] = answer.json()["contacts"]
            found = {UUID(row[self._each]): _contact(row) for row in rows}
        except (AttributeError, KeyError, TypeError, ValueError):
            # Without the cause: it would quote what the answer held.
            raise Unreachable(service=self._service, reason="unreadable-answer") from None
        return {person: contact for person, contact in found.items() if person in people}


def _contact(row: Mapping[str, Any]) -> Contact:
    language: Language = "en" if row.get("language") == "en" else "zh"
    return Contact(_text(row.get("name")), _text(row.get("phone")), _text(row.get("email")), language)


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
