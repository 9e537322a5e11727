"""Short-lived links to one attachment: whoever has one may read that attachment for some minutes, without a token.

`<tenant>.<attachment>.<end>.<signature>`: nothing in it tells of a person or of the request. It is signed with a key that
is derived from the keyring's index key, so every process of the service knows its own links and nobody makes one.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.intake.attachments.rules import LinkInvalid
from shared.database import Keyring

GOOD_FOR = timedelta(minutes=5)
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Link:
    tenant: str
    attachment: UUID


def make(keyring: Keyring, link: Link, *, now: datetime) -> tuple[str, datetime]:
    """The word of the link, and until when it is good."""
    until = (now + GOOD_FOR).replace(microsecond=0)
    claim = f"{link.tenant}.{link.attachment.hex}.{int(until.timestamp())}"
    return f"{claim}.{_signature(keyring, claim)}", until


def read(keyring: Keyring, word: str, *, now: datetime) -> Link:
    """Raises LinkInvalid, deliberately silent on why."""
    claim, _, signature = word.rpartition(".")
    parts = word.split(".")
    if len(parts) != _PARTS or not word.isascii():
        raise LinkInvalid
    if not hmac.compare_digest(signature, _signature(keyring, claim)):
        raise LinkInvalid
    tenant, attachment, until, _ = parts
    if datetime.fromtimestamp(int(until), UTC) <= now:
        raise LinkInvalid
    return Link(tenant, UUID(hex=attachment))


def _signature(keyring: Keyring, claim: str) -> str:
    return keyring.blind_index(claim, purpose="attachment.link").hex()
