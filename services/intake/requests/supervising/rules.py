"""Once in each handling, and only while the request is open to handle."""

from datetime import datetime

from services.intake.requests.limits import Limit
from services.intake.requests.rules import OPEN_TO_HANDLE, Life, Move, moved
from shared.refusals import Conflict


class AlreadySupervised(Conflict):
    """Two halvings would leave a quarter, and whoever handles it can no more than hurry."""

    type = "already-supervised"
    zh = "该诉求在本次办理中已被督办，时限已减半，不能再次督办。"
    en = "The request is under supervision already and its limit halved; that is done once in each handling."


def supervise(life: Life, at: datetime, *, reason: str, handle: Limit) -> Life:
    """`handle` is the halved limit (`Limits.handling`). Raises AlreadySupervised, IllegalRequestMove."""
    if life.supervised is not None and life.state in OPEN_TO_HANDLE:
        raise AlreadySupervised
    return moved(life, Move.SUPERVISE, supervised=at, supervision_reason=reason, handle=handle)
