"""What notifications publishes: what became of each message, without a word of what it said or to whom."""

from enum import StrEnum

from shared.contracts.base import Code, Count, Event, Owner, PersonalId, ThingId


class RecipientKind(StrEnum):
    RESIDENT = "resident"
    WORKER = "worker"
    PORTAL = "portal"


class MessageDelivered(Event):
    """A message reached its recipient's channel for good."""

    type = "message.delivered"
    owner = Owner.NOTIFICATIONS
    aggregate = "message"
    consumers = ("intake",)

    message: PersonalId
    about: PersonalId
    """The subject of the event that the message tells of: a request, a seeker."""
    event: Code
    """The type of that event."""
    recipient: PersonalId
    recipient_kind: RecipientKind
    channel: Code
    template: Code
    attempt: Count


class MessageFailed(Event):
    """A message will not reach its recipient: no attempt is left, or none would help."""

    type = "message.failed"
    owner = Owner.NOTIFICATIONS
    aggregate = "message"
    consumers = ("intake",)

    message: PersonalId
    about: PersonalId
    event: Code
    recipient: PersonalId
    recipient_kind: RecipientKind
    channel: Code
    template: Code
    attempt: Count
    state: Code
    """`permanent_failure`, `technical_failure` or `expired`."""
    reason: Code


class WebhookDisabled(Event):
    """A portal's webhook failed for so long that it is no longer called."""

    type = "webhook.disabled"
    owner = Owner.NOTIFICATIONS
    aggregate = "webhook"

    webhook: ThingId
    failures: Count
