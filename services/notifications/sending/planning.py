"""What to do with a message that was claimed: send it, hold it back, or refuse it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.messages.rules import Channel, State
from services.notifications.preferences.rules import Group, Preference
from services.notifications.sending.rules import DISTURBING, Contact, channel_for, held_until, pause_after
from services.notifications.telling.policy import Policy
from services.notifications.templates.rules import Template, facts_of
from shared.refusals import Language


@dataclass(frozen=True, slots=True)
class Claim:
    """A message in the hands of one sender, until its lease runs out."""

    id: UUID
    lease: UUID
    until: datetime
    """When the lease runs out; the provider must have answered by then."""
    about: UUID
    recipient: UUID
    recipient_kind: str
    template: str
    template_version: int
    state: State
    attempts: int
    """Before this one."""
    created: datetime
    facts: Mapping[str, Any]
    """All that is known: what the event says, and what is kept of the request."""
    preference: Preference


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now; no attempt is used up."""

    claim: Claim
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never: there is nobody to tell."""

    claim: Claim
    reason: str


@dataclass(frozen=True, slots=True)
class Go:
    claim: Claim
    channel: Channel
    language: Language
    contact: Contact

    @property
    def address(self) -> str:
        """Phone or mail address; empty for the in-app inbox."""
        return {Channel.SMS: self.contact.phone, Channel.MAIL: self.contact.email}.get(self.channel) or ""


Plan = Hold | Refuse | Go


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim, and how far it got in the transaction that claimed it."""

    claim: Claim
    planned: bool = False
    """Where its recipient's contact was known: what the plan asks for is written."""
    go: Go | None = None
    """The attempt that was begun, if its channel is still to be called."""


def plan(
    claim: Claim,
    contact: Contact | None,
    *,
    template: Template,
    policy: Policy,
    available: frozenset[Channel],
    now: datetime,
) -> Plan:
    """`contact` is None for somebody whom the owner of contacts does not know (any more)."""
    if contact is None:
        return Refuse(claim, "unknown_recipient")
    if not facts_of(template) <= claim.facts.keys():
        # The number and the limit come with `request.filed`, on another topic than what the message tells of.
        return hold(claim, now, "waits_for_request")
    channel = channel_for(claim.preference, template.group, contact, available)
    urgency = claim.facts.get("urgency")
    quiet = held_until(now, channel, urgency=urgency, quiet_hours=policy.quiet_hours)
    if quiet is not None and template.group is Group.DUTY:
        # A duty does not wait for the morning: it goes by a channel that does not ring.
        channel = channel_for(claim.preference, template.group, contact, available - DISTURBING)
    elif quiet is not None:
        return Hold(claim, quiet, "quiet_hours")
    language: Language = "en" if (claim.preference.language or contact.language) == "en" else "zh"
    return Go(claim, channel, language, contact)


def hold(claim: Claim, now: datetime, reason: str) -> Hold:
    """Wait for what another part owes us, longer as time goes by."""
    return Hold(claim, now + pause_after(now - claim.created), reason)
