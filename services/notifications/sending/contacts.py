"""Where people can be reached, asked of the service that owns them and kept for minutes.

The answer is personal data. It lives in the cache under the tag `resident:<id>` (or `worker:<id>`), which
`resident.contact_changed` and `resident.erased` drop, and nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import orjson

from services.notifications.sending.rules import Contact
from shared.caching import Cache
from shared.contracts.notifications import RecipientKind

NAMESPACE = "contact"


Ask = Callable[[str, Sequence[UUID]], Awaitable[Mapping[UUID, Contact]]]
"""Asks the owner for contacts of a tenant's people; who is not in the answer is not known there. Raises Unreachable."""


def tag(kind: str, person: UUID) -> str:
    return f"{kind}:{person}"


class Contacts:
    def __init__(self, cache: Cache, owners: Mapping[RecipientKind, Ask], *, ttl: timedelta) -> None:
        self._cache = cache
        self._owners = owners
        self._ttl = ttl
        self._drops = 0

    async def of(
        self, tenant: str, kind: RecipientKind, people: Sequence[UUID]
    ) -> Mapping[UUID, Contact | None]:
        """A contact for each; None for those whom the owner does not know. Raises Unreachable."""
        found: dict[UUID, Contact | None] = {}
        missing: list[UUID] = []
        for person in dict.fromkeys(people):
            cached = await self._cache.get(NAMESPACE, tenant, str(person))
            if cached is None:
                missing.append(person)
            else:
                found[person] = _read(cached)
        if missing:
            drops = self._drops
            answer = await self._owners[kind](tenant, missing)
            for person in missing:
                contact = found[person] = answer.get(person)
                # An answer that was on its way while a drop came in may be the old one: use it, but do not keep it.
                if drops == self._drops and contact is not None:
                    await self._keep(tenant, kind, person, contact)
        return found

    async def drop(self, tenant: str, kind: RecipientKind, person: UUID) -> None:
        """Forget a person's contact at once."""
        self._drops += 1
        await self._cache.drop_tag(tenant, tag(kind, person))

    async def _keep(self, tenant: str, kind: RecipientKind, person: UUID, contact: Contact) -> None:
        value = orjson.dumps(asdict(contact))
        await self._cache.set(NAMESPACE, tenant, str(person), value, self._ttl, tags=[tag(kind, person)])


def _read(cached: bytes) -> Contact:
    return Contact(**orjson.loads(cached))
