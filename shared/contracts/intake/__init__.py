"""What intake publishes: requests, residents, and what follows from them."""

from shared.contracts.intake.requests import (
    Channel,
    Outcome,
    RequestAccepted,
    RequestClosed,
    RequestDuplicated,
    RequestFiled,
    RequestRated,
    RequestReclassified,
    RequestRedispatched,
    RequestRejected,
    RequestReopened,
    RequestReworked,
    RequestWithdrawn,
    Urgency,
)
from shared.contracts.intake.residents import ResidentContactChanged, ResidentErased

__all__ = [
    "Channel",
    "Outcome",
    "RequestAccepted",
    "RequestClosed",
    "RequestDuplicated",
    "RequestFiled",
    "RequestRated",
    "RequestReclassified",
    "RequestRedispatched",
    "RequestRejected",
    "RequestReopened",
    "RequestReworked",
    "RequestWithdrawn",
    "ResidentContactChanged",
    "ResidentErased",
    "Urgency",
]
