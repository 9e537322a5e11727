"""What a person may choose: the order of channels, the language, and which groups of messages stay silent.

Silent does not mean untold: a message of a group that someone opted out of goes to the in-app inbox only. Mandatory
groups cannot be silenced: a receipt and a decision are owed to the resident, a duty to the worker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.notifications.messages.rules import Channel
from shared.refusals import InvalidValue


class Group(StrEnum):
    RECEIPTS = "receipts"
    """That a request was received, and that it was taken back."""
    DECISIONS = "decisions"
    """How a request was decided or ended."""
    DUTY = "duty"
    """What a worker has to do."""
    PROGRESS = "progress"
    """Who is on it, and how far it is."""
    JOBS = "jobs"
    """Vacancies that fit."""
    ACTIVITIES = "activities"
    """Reminders of activities that one has a place in."""


MANDATORY = frozenset({Group.RECEIPTS, Group.DECISIONS, Group.DUTY})
CHOOSABLE = (Channel.SMS, Channel.MAIL, Channel.INAPP)
DEFAULT_ORDER = CHOOSABLE


class MandatoryGroup(InvalidValue):
    """Someone tried to silence messages that the community owes them."""

    type = "mandatory-group"
    zh = "“{group}”类消息关系到您的权益，不能关闭。"
    en = "Messages of the group {group} are owed to you and cannot be turned off."


class RepeatedChannel(InvalidValue):
    type = "repeated-channel"
    zh = "同一渠道只能出现一次。"
    en = "Name each channel at most once."


@dataclass(frozen=True, slots=True)
class Preference:
    """One person's choices; the defaults are what everyone has who never chose."""

    order: tuple[Channel, ...] = DEFAULT_ORDER
    """Tried from the left, as far as there is an address; the in-app inbox is always last."""
    language: str | None = None
    """`zh`, `en`, or none: as the contact says."""
    opt_outs: frozenset[Group] = frozenset()


def checked(order: Sequence[Channel], language: str | None, opt_outs: Sequence[Group]) -> Preference:
    """Choices as a person gave them. Raises MandatoryGroup, RepeatedChannel."""
    if len(set(order)) != len(order):
        raise RepeatedChannel(field="channels")
    refused = sorted(MANDATORY.intersection(opt_outs))
    if refused:
        raise MandatoryGroup(field="opt_outs", group=refused[0])
    return Preference(tuple(order), language, frozenset(opt_outs))
