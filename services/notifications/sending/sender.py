"""The sender: claims messages, asks where their recipients can be reached, and gives each to its channel.

No database session is open while a provider is called. Attempts are counted when they begin; what has to wait for
others (contacts, a request's number, quiet hours) uses none up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifications.clients.outcome import Accepted, Delivered, Failed, Outcome, technical
from services.notifications.messages.actions import Begun, Held, Moved, await_receipts, begin, finish, hold
from services.notifications.messages.rules import Channel, Move, retry_after
from services.notifications.sending.channels import Channels
from services.notifications.sending.contacts import Contacts
from services.notifications.sending.planning import Claim, Go, Hold, Plan, Refuse, plan
from services.notifications.sending.planning import hold as hold_for
from services.notifications.sending.queries import claim
from services.notifications.telling.policy import Policy
from services.notifications.templates.catalogue import Templates
from shared.clock import Clock
from shared.contracts.notifications import RecipientKind
from shared.database import Database, new_id
from shared.observing import get_logger, metrics
from shared.retrying import Unreachable

_log = get_logger(__name__)
_ATTEMPTS = metrics.counter(
    "message_attempts", "Attempts to deliver a message, by how they ended", ["channel", "end"]
)
_HELD = metrics.counter("messages_held", "Messages given back untried", ["reason"])
_LATE = metrics.counter("message_writes_refused", "Ends of attempts that came after the lease had run out")


@dataclass(frozen=True, slots=True)
class Pace:
    batch: int = 200
    """Messages claimed at once."""
    capacity: int = 600
    """Messages under way at once in this process."""
    lease: timedelta = timedelta(minutes=1)
    """Longer than a provider's time limit and the wait for a free connection together."""
    margin: timedelta = timedelta(seconds=30)
    """A call is not begun with less than this left of the lease."""


class Sender:
    def __init__(
        self,
        database: Database,
        *,
        contacts: Contacts,
        channels: Channels,
        templates: Templates,
        policies: Mapping[str, Policy],
        clock: Clock,
        pace: Pace,
    ) -> None:
        self._database = database
        self._contacts = contacts
        self._channels = channels
        self._templates = templates
        self._policies = policies
        self._clock = clock
        self._pace = pace

    async def claim(self, tenant: str, most: int) -> list[Claim]:
        async with self._database.transaction(tenant) as session:
            return await claim(
                session, lease=new_id(), now=self._clock(), lasting=self._pace.lease, most=most
            )

    async def work(self, tenant: str, claims: Sequence[Claim]) -> None:
        """Bring claimed messages as far as they get now."""
        plans = await self._plan(tenant, claims)
        going = await self._start(tenant, plans)
        pending = {asyncio.create_task(self._attempt(tenant, go)) for go in going}
        try:
            while pending:
                # Ends are written as they come, those of the same moment together: a provider that hangs on one
                # message keeps no other from being known as delivered.
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                await self._end(tenant, [end for task in done if (end := task.result()) is not None])
        finally:
            for task in pending:
                task.cancel()

    async def _plan(self, tenant: str, claims: Sequence[Claim]) -> list[Plan]:
        plans: list[Plan] = []
        now, policy = self._clock(), self._policies[tenant]
        for kind in (RecipientKind.RESIDENT, RecipientKind.WORKER):
            of_kind = [one for one in claims if one.recipient_kind == kind]
            if not of_kind:
                continue
            try:
                contacts = await self._contacts.of(tenant, kind, [one.recipient for one in of_kind])
            except Unreachable as error:
                _log.warning("contacts unavailable", of=str(kind), messages=len(of_kind), why=str(error))
                plans += [hold_for(one, now, "contacts_unavailable") for one in of_kind]
                continue
            for one in of_kind:
                template = self._templates.version(one.template, one.template_version)
                plans.append(
                    plan(
                        one,
                        contacts[one.recipient],
                        template=template,
                        policy=policy,
                        available=self._channels.available,
                        now=now,
                    )
                )
        return plans

    async def _start(self, tenant: str, plans: Sequence[Plan]) -> list[Go]:
        """Write what is decided without a provider, begin the other attempts, and end the session."""
        now = self._clock()
        goes = [each for each in plans if isinstance(each, Go)]
        held = [each for each in plans if isinstance(each, Hold)]
        refused = [each for each in plans if isinstance(each, Refuse)]
        async with self._database.transaction(tenant) as session:
            await hold(
                session, [Held(each.claim.id, each.claim.lease, each.until, each.reason) for each in held]
            )
            await finish(session, [_refusal(each) for each in refused], now)
            ours = await begin(session, [Begun(go.claim.id, go.claim.lease, go.channel) for go in goes])
            stored = [go for go in goes if go.channel is Channel.INAPP and go.claim.id in ours]
            await finish(session, [Moved(go.claim.id, go.claim.lease, Move.DELIVER) for go in stored], now)
        for each in held:
            _HELD.labels(reason=each.reason).inc()
        _ATTEMPTS.labels(channel=Channel.INAPP, end=Move.DELIVER).inc(len(stored))
        return [go for go in goes if go.channel is not Channel.INAPP and go.claim.id in ours]

    async def _attempt(self, tenant: str, go: Go) -> tuple[Go, Outcome] | None:
        """None where the lease was nearly over before its turn came: whoever claims the message next sends it."""
        async with self._channels.place(go.channel):
            if self._clock() + self._pace.margin > go.claim.until:
                return None
            try:
                return go, await self._channels.send(tenant, go)
            except Exception as error:
                # A fault of ours in one message must not keep the others of the batch from ending.
                # Its kind and place are in the log, its text is not: it may hold an address.
                _log.error(
                    "a channel failed",
                    channel=go.channel,
                    message=str(go.claim.id),
                    kind=type(error).__name__,
                )
                return go, technical("internal_error")

    async def _end(self, tenant: str, ends: Sequence[tuple[Go, Outcome]]) -> None:
        now = self._clock()
        accepted = [
            Moved(go.claim.id, go.claim.lease, Move.DELIVER, provider_reference=outcome.reference)
            for go, outcome in ends
            if isinstance(outcome, Accepted)
        ]
        moves = [_moved(go, outcome, now) for go, outcome in ends if not isinstance(outcome, Accepted)]
        async with self._database.transaction(tenant) as session:
            await await_receipts(session, accepted)
            written = await finish(session, moves, now)
        _LATE.inc(len(moves) - written)
        for go, outcome in ends:
            _ATTEMPTS.labels(channel=go.channel, end=_word(outcome)).inc()


def _refusal(refuse: Refuse) -> Moved:
    return Moved(refuse.claim.id, refuse.claim.lease, Move.FAIL_PERMANENTLY, refuse.reason)


def _moved(go: Go, outcome: Delivered | Failed, now: datetime) -> Moved:
    claim = go.claim
    if isinstance(outcome, Delivered):
        return Moved(claim.id, claim.lease, Move.DELIVER, provider_reference=outcome.reference)
    if outcome.move is not Move.FAIL_TEMPORARILY:
        return Moved(claim.id, claim.lease, outcome.move, outcome.reason)
    pause = retry_after(claim.attempts + 1)
    if pause is None:
        return Moved(claim.id, claim.lease, Move.FAIL_TECHNICALLY, outcome.reason)
    return Moved(claim.id, claim.lease, Move.FAIL_TEMPORARILY, outcome.reason, now + pause)


def _word(outcome: Outcome) -> str:
    match outcome:
        case Delivered():
            return Move.DELIVER
        case Accepted():
            return "accepted"
        case Failed():
            return outcome.move
