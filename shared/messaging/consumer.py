"""What the parts of the inbox know of the consumer that they work for."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import timedelta

from shared.clock import Clock, system_clock
from shared.messaging.handlers import Handlers
from shared.retrying import Backoff

# A handler's first retry comes within a second; a dead letter after about half an hour.
ATTEMPTS = Backoff(timedelta(milliseconds=500), factor=2.5, cap=timedelta(minutes=10), attempts=10)
# The owner answers within seconds if it can; missing events that did not come within an hour never will.
ASKS = Backoff(timedelta(seconds=5), factor=3, cap=timedelta(minutes=15), attempts=8)
# Database or log away: the whole batch again.
AGAIN = Backoff(timedelta(milliseconds=100), factor=2, cap=timedelta(seconds=15))


@dataclass(frozen=True, slots=True)
class Consumer:
    """One consumer of events: usually a service, which is then also its group on the log."""

    name: str
    handlers: Handlers
    tenants: Container[str]
    clock: Clock = system_clock
    attempts: Backoff = field(default=ATTEMPTS)
    asks: Backoff = field(default=ASKS)
    again: Backoff = field(default=AGAIN)
