"""What notifications does when another service's event arrives: remember, tell, forget."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.messages.actions import fail_all_of
from services.notifications.preferences.actions import forget
from services.notifications.sending.contacts import Contacts
from services.notifications.telling.actions import Made, remember, tell, unlink, wake
from services.notifications.telling.drafts import drafts_of, heard
from services.notifications.telling.policy import Policy
from services.notifications.telling.rules import HOLDER_AFTER, MOVES_DUE, RECLASSIFIES, TELLINGS
from services.notifications.templates.catalogue import Templates
from shared.clock import Clock
from shared.contracts.base import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.intake import ResidentContactChanged, ResidentErased
from shared.contracts.notifications import RecipientKind
from shared.messaging.culprits import each
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers

REMEMBERED = frozenset({"request.filed", RECLASSIFIES}) | MOVES_DUE | HOLDER_AFTER.keys()


Deliver = Callable[[AsyncSession, str, Sequence[Made]], Awaitable[Sequence[Made]]]
"""Delivers what it can of a tenant's new messages at once, and gives those that are left to the senders."""


def register(
    handlers: Handlers,
    *,
    templates: Templates,
    policies: Mapping[str, Policy],
    contacts: Contacts,
    clock: Clock,
    deliver: Deliver,
) -> None:
    """Read models first: what is told of an event may need what the same event says."""

    async def remember_facts(session: AsyncSession, events: Sequence[Received[Event]]) -> None:
        await remember(session, each(events, heard))

    async def tell_people(session: AsyncSession, events: Sequence[Received[Event]]) -> None:
        policy = policies[events[0].tenant]
        drafts = each(events, lambda event: drafts_of(heard(event), policy.heads))
        left = False
        async for made in tell(session, chain.from_iterable(drafts), templates, clock()):
            left |= bool(await deliver(session, events[0].tenant, made))
        if left:
            await wake(session)

    async def forget_contact(session: AsyncSession, event: Received[ResidentContactChanged]) -> None:
        await contacts.drop(event.tenant, RecipientKind.RESIDENT, event.data.resident)

    async def forget_resident(session: AsyncSession, event: Received[ResidentErased]) -> None:
        resident = event.data.resident
        await contacts.drop(event.tenant, RecipientKind.RESIDENT, resident)
        await fail_all_of(session, [resident], "recipient_erased", clock())
        await forget(session, [resident])
        await unlink(session, [resident])

    for type in sorted(REMEMBERED):
        handlers.on_batch(BY_TYPE[type], rebuilds=True)(remember_facts)
    for type, tellings in TELLINGS.items():
        if tellings:
            handlers.on_batch(BY_TYPE[type])(tell_people)
    handlers.on(ResidentContactChanged)(forget_contact)
    handlers.on(ResidentErased)(forget_resident)
