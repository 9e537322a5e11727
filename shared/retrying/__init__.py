"""Trying again: the schedule (`Backoff`), other services over HTTP (`outside`), background loops (`forever`)."""

from shared.retrying.backoff import Backoff
from shared.retrying.loops import forever
from shared.retrying.outside import Unreachable, outside

__all__ = ["Backoff", "Unreachable", "forever", "outside"]
