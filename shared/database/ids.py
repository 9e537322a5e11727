"""Ids of everything: UUID version 7 (RFC 9562), so that they sort by the time they were made."""

from datetime import datetime
from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def first_id(moment: datetime) -> UUID:
    """The smallest id that can be made at this moment: 48 bits of milliseconds, and nothing."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
