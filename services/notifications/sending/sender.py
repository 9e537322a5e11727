"""The sender: claims messages, asks where their recipients can be reached, and gives each to its channel.

Most messages of a trickle it need not claim: those for the inbox, which is the table of messages itself, are delivered
by the transaction that makes them (`deliver_new`) if their recipient's contact is known.

No database session is open while a provider is called. Attempts are counted when they begin; what has to wait for
others (contacts, a request's number, quiet hours) uses none up.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.clients.outcome import Accepted, Delivered, Failed, Outcome, technical
from services.notifications.messages.actions import (
    Begun,
    Held,
    Moved,
    await_receipts,
    begin,
    deliver_at_once,
    finish,
    hold,
)
from services.notifications.messages.rules import Channel, Move, retry_after
from services.notifications.sending.channels import Channels
from services.notifications.sending.contacts import Contacts
from services.notifications.sending.planning import Claim, Go, Hold, Plan, Refuse, Taken, plan
from services.notifications.sending.planning import hold as hold_for
from services.notifications.sending.queries import claim, claim_new
from services.notifications.sending.rules import Contact
from services.notifications.telling.actions import Made
from services.notifications.telling.policy import Policy
from services.notifications.templates.catalogue import Templates
from shared.clock import Clock
from shared.contracts.notifications import RecipientKind
from shared.database import Database, new_id
from shared.messaging.failures import passing
from shared.observing import get_logger, metrics
from shared.retrying import Unreachable

_log = get_logger(__name__)
_AGAIN_SECONDS = 0.5
_TRICKLE = 50
"""Of more new messages than this at once, as in an import, none is looked at before the others are made."""
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

    async def claim(self, tenant: str, most: int) -> list[Taken]:
        """Whatever can be decided without asking anybody is, in the same transaction."""
        async with self._database.transaction(tenant) as session:
            claims = await claim(
                session, lease=new_id(), now=self._clock(), lasting=self._pace.lease, most=most
            )
            plans = await self._plan_known(tenant, claims)
            going = await self._write(session, plans)
        _count(plans)
        planned, begun = {each.claim.id for each in plans}, {go.claim.id: go for go in going}
        return [Taken(one, one.id in planned, begun.get(one.id)) for one in claims]

    async def deliver_new(self, session: AsyncSession, tenant: str, made: Sequence[Made]) -> Sequence[Made]:
        """Deliver what this transaction has made for the inbox, as far as recipients are known. Gives what is left.

        The others are asked for meanwhile, so that whoever claims their messages need not wait as long.
        """
        if len(made) > _TRICKLE:
            return made
        known = await self._contacts.kept(tenant, [one.recipient for one in made])
        for kind in RecipientKind:
            unknown = [one.recipient for one in made if one.kind is kind and one.recipient not in known]
            self._contacts.ask_ahead(tenant, kind, unknown)
        ours = [one.id for one in made if one.recipient in known]
        if not ours:
            return made
        now = self._clock()
        plans = self._surely_planned(tenant, await claim_new(session, ours, lease=new_id(), now=now), known)
        goes = [each for each in plans if isinstance(each, Go) and each.channel is Channel.INAPP]
        await deliver_at_once(session, [Begun(go.claim.id, go.claim.lease, go.channel) for go in goes], now)
        _count(goes)
        delivered = {go.claim.id for go in goes}
        return [one for one in made if one.id not in delivered]

    async def work(self, tenant: str, taken: Sequence[Taken]) -> bool:
        """Bring messages that were taken as far as they get now. Whether any of them is due again."""
        begun = [each.go for each in taken if each.go is not None]
        open = [each.claim for each in taken if not each.planned]
        # What is ready does not wait until the contacts of others are known, nor for those of another service.
        ends = await asyncio.gather(
            self._call_channels(tenant, begun),
            *(
                self._go_on(tenant, kind, [one for one in open if one.recipient_kind == kind])
                for kind in (RecipientKind.RESIDENT, RecipientKind.WORKER)
            ),
            return_exceptions=True,
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return any(ends)

    async def _go_on(self, tenant: str, kind: RecipientKind, claims: Sequence[Claim]) -> bool:
        """Those whose recipients have to be asked for first."""
        if not claims:
            return False
        plans = await self._plan(tenant, kind, claims)
        async with self._database.transaction(tenant) as session:
            going = await self._write(session, plans)
        _count(plans)
        held = any(isinstance(each, Hold) for each in plans)
        return await self._call_channels(tenant, going) or held

    async def _call_channels(self, tenant: str, going: Sequence[Go]) -> bool:
        again = False
        pending = {asyncio.create_task(self._attempt(tenant, go)) for go in going}
        try:
            while pending:
                # Ends are written as they come, those of the same moment together: a provider that hangs on one
                # message keeps no other from being known as delivered.
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                ends = [end for task in done if (end := task.result()) is not None]
                await self._end_surely(tenant, ends)
                again |= any(isinstance(outcome, Failed) for _, outcome in ends)
        finally:
            for task in pending:
                task.cancel()
        return again

    async def _plan_known(self, tenant: str, claims: Sequence[Claim]) -> list[Plan]:
        """For those whose recipients are known."""
        known = await self._contacts.kept(tenant, [one.recipient for one in claims])
        return self._surely_planned(tenant, [one for one in claims if one.recipient in known], known)

    def _surely_planned(
        self, tenant: str, claims: Sequence[Claim], known: Mapping[UUID, Contact]
    ) -> list[Plan]:
        """Nothing that goes wrong here may undo the transaction."""
        try:
            return self._plans(tenant, claims, known)
        except Exception as error:
            _log.error("planning failed, it is tried again by itself", kind=type(error).__name__)
            return []

    async def _plan(self, tenant: str, kind: RecipientKind, claims: Sequence[Claim]) -> list[Plan]:
        try:
            contacts = await self._contacts.of(tenant, kind, [one.recipient for one in claims])
        except Unreachable as error:
            _log.warning("contacts unavailable", of=str(kind), messages=len(claims), why=str(error))
            now = self._clock()
            return [hold_for(one, now, "contacts_unavailable") for one in claims]
        return self._plans(tenant, claims, contacts)

    def _plans(
        self, tenant: str, claims: Sequence[Claim], contacts: Mapping[UUID, Contact | None]
    ) -> list[Plan]:
        now, policy = self._clock(), self._policies[tenant]
        return [
            plan(
                one,
                contacts[one.recipient],
                template=self._templates.version(one.template, one.template_version),
                policy=policy,
                available=self._channels.available,
                now=now,
            )
            for one in claims
        ]

    async def _write(self, session: AsyncSession, plans: Sequence[Plan]) -> list[Go]:
        """Write what is decided without a provider, and begin the other attempts. Gives those that began."""
        now = self._clock()
        goes = [each for each in plans if isinstance(each, Go)]
        held = [each for each in plans if isinstance(each, Hold)]
        refused = [each for each in plans if isinstance(each, Refuse)]
        inbox = [Begun(go.claim.id, go.claim.lease, go.channel) for go in goes if go.channel is Channel.INAPP]
        others = [go for go in goes if go.channel is not Channel.INAPP]
        await hold(session, [Held(each.claim.id, each.claim.lease, each.until, each.reason) for each in held])
        await finish(session, [_refusal(each) for each in refused], now)
        await deliver_at_once(session, inbox, now)
        ours = await begin(session, [Begun(go.claim.id, go.claim.lease, go.channel) for go in others])
        return [go for go in others if go.claim.id in ours]

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

    async def _end_surely(self, tenant: str, ends: Sequence[tuple[Go, Outcome]]) -> None:
        """Nobody else knows how these ended: a database that is away is waited for as long as the lease lasts, since
        the next sender would send them all again. What was written before the connection broke is not written twice.
        """
        time = asyncio.get_running_loop().time
        left = min((go.claim.until - self._clock() for go, _ in ends), default=timedelta(0))
        deadline = time() + left.total_seconds()
        while True:
            try:
                return await self._end(tenant, ends)
            except Exception as error:
                if not passing(error) or time() + _AGAIN_SECONDS > deadline:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)

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


def _count(plans: Sequence[Plan]) -> None:
    for each in plans:
        match each:
            case Hold():
                _HELD.labels(reason=each.reason).inc()
            case Go(channel=Channel.INAPP):
                _ATTEMPTS.labels(channel=Channel.INAPP, end=Move.DELIVER).inc()


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
