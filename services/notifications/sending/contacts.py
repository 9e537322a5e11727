"""Where people can be reached, asked of the service that owns them and kept for minutes.

The answer is personal data. It lives in the cache under the tag `resident:<id>` (or `worker:<id>`), which
`resident.contact_changed` and `resident.erased` drop, and nowhere else; there it is encrypted (`sealing`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from services.notifications.sending.rules import Contact
from services.notifications.sending.sealing import Seal
from shared.caching import Cache
from shared.contracts.notifications import RecipientKind
from shared.database import Keyring

NAMESPACE = "contact"

Answers = Mapping[UUID, Contact | None]
Ask = Callable[[str, Sequence[UUID]], Awaitable[Mapping[UUID, Contact]]]
"""Asks the owner for contacts of a tenant's people; who is not in the answer is not known there. Raises Unreachable."""


def tag(kind: str, person: UUID) -> str:
    return f"{kind}:{person}"


class Contacts:
    def __init__(
        self, cache: Cache, owners: Mapping[RecipientKind, Ask], *, ttl: timedelta, keyring: Keyring | None
    ) -> None:
        """Without master keys nothing is kept, and the owner is asked each time."""
        self._cache = cache
        self._owners = owners
        self._ttl = ttl
        self._seal = None if keyring is None else Seal(keyring)
        self._drops = 0
        self._questions: dict[tuple[str, RecipientKind, UUID], asyncio.Task[Answers]] = {}
        """Whom a call that is on its way asks for: nobody is asked for twice at once, nor recorded as read twice."""

    async def kept(self, tenant: str, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        """The contacts that are known without asking."""
        if (seal := self._seal) is None:
            return {}
        wanted = list(dict.fromkeys(people))
        found = await asyncio.gather(*(self._cache.get(NAMESPACE, tenant, str(person)) for person in wanted))
        opened = {
            person: seal.open(value, person)
            for person, value in zip(wanted, found, strict=True)
            if value is not None
        }
        return {person: contact for person, contact in opened.items() if contact is not None}

    async def of(self, tenant: str, kind: RecipientKind, people: Sequence[UUID]) -> Answers:
        """A contact for each; None for those whom the owner does not know. Raises Unreachable."""
        found: dict[UUID, Contact | None] = dict(await self.kept(tenant, people))
        missing = [person for person in dict.fromkeys(people) if person not in found]
        self._begin(tenant, kind, missing)
        # Before the first wait: an answer that comes takes its question out of the table.
        questions = {person: self._questions[tenant, kind, person] for person in missing}
        for person, question in questions.items():
            # A caller who is cancelled takes nobody else along.
            found[person] = (await asyncio.shield(question))[person]
        return found

    def ask_ahead(self, tenant: str, kind: RecipientKind, people: Sequence[UUID]) -> None:
        """Begin to ask for people whose contact is about to be needed, and is not known; `of` will join in."""
        if self._seal is not None:
            self._begin(tenant, kind, people)

    def _begin(self, tenant: str, kind: RecipientKind, people: Sequence[UUID]) -> None:
        new = [person for person in dict.fromkeys(people) if (tenant, kind, person) not in self._questions]
        if new:
            question = asyncio.create_task(self._ask(tenant, kind, new))
            self._questions |= {(tenant, kind, person): question for person in new}
            question.add_done_callback(self._answered)

    async def _ask(self, tenant: str, kind: RecipientKind, people: Sequence[UUID]) -> Answers:
        drops = self._drops
        answer = await self._owners[kind](tenant, people)
        # An answer that was on its way while a drop came in may be the old one: use it, but do not keep it.
        if drops == self._drops:
            await asyncio.gather(
                *(self._keep(tenant, kind, person, contact) for person, contact in answer.items())
            )
        return {person: answer.get(person) for person in people}

    def _answered(self, question: "asyncio.Task[Answers]") -> None:
        self._questions = {who: asked for who, asked in self._questions.items() if asked is not question}
        if not question.cancelled():
            question.exception()  # looked at, for the case that everyone who waited has been cancelled

    async def drop(self, tenant: str, kind: RecipientKind, person: UUID) -> None:
        """Forget a person's contact at once."""
        self._drops += 1
        self._questions.pop((tenant, kind, person), None)  # whoever asks from now on asks anew
        await self._cache.drop_tag(tenant, tag(kind, person))

    async def _keep(self, tenant: str, kind: RecipientKind, person: UUID, contact: Contact) -> None:
        if self._seal is not None:
            value = self._seal.close(contact, person)
            await self._cache.set(NAMESPACE, tenant, str(person), value, self._ttl, tags=[tag(kind, person)])
