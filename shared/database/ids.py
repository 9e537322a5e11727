"""Ids of everything: UUID version 7 (RFC 9562), so that they sort by the time they were made."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)
