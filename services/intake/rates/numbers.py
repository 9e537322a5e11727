"""The numbers that can be opened to the requests behind them."""

from enum import StrEnum


class Number(StrEnum):
    RATED = "rated"
    RESPONDED = "responded"
    NOT_RESPONDED = "not_responded"
    RESOLVED = "resolved"
    NOT_RESOLVED = "not_resolved"
    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"
    EXCLUDED = "excluded"
    REJECTED = "rejected"
    DUPLICATES = "duplicates"
    WITHDRAWN = "withdrawn"
    WAITING = "waiting"
    HISTORY = "history"
    FLAGGED = "flagged"
