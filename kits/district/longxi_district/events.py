"""From a Kafka record to an event: CloudEvents 1.0 in binary mode. Attributes are `ce_` headers, the value is the data."""

import json
import re
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

_VERSION = re.compile(r":v([1-9][0-9]{0,4})$")
_MOST_DIGITS = 18


class KafkaRecord(Protocol):
    """What is needed of a record, as aiokafka gives it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Any: ...


class Unreadable(Exception):
    """The record is no event of Longxi's. The text says which header is at fault."""


@dataclass(frozen=True, slots=True)
class Event:
    topic: str
    id: str
    type: str
    version: int
    """Of the data's schema, from `ce_dataschema`."""
    subject: str
    """The aggregate: what the event is about, and the record's key."""
    tenant: str
    """The community."""
    sequence: int
    """Counts the events of this subject in this topic, from 1 and without gaps."""
    time: str
    data: bytes
    replay_for: str | None = None
    """Set where it was sent again for one service of Longxi's alone."""

    def fields(self) -> dict[str, Any]:
        """The data. Raises ValueError for what is no JSON object."""
        content = json.loads(self.data)
        if not isinstance(content, dict):
            raise ValueError("the data is no JSON object")
        return content


def read(record: KafkaRecord) -> Event:
    """Raises Unreadable. Headers that are not known are ignored, as fields are."""
    headers = {name: content for name, content in record.headers if content is not None}
    if _text(headers, "ce_specversion") != "1.0":
        raise Unreadable("ce_specversion is not 1.0")
    sequence = _text(headers, "ce_sequence")
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) <= _MOST_DIGITS and int(sequence)):
        raise Unreadable("ce_sequence is not a whole number from 1")
    version = _VERSION.search(_text(headers, "ce_dataschema")) if "ce_dataschema" in headers else None
    return Event(
        topic=record.topic,
        id=_id(headers, "ce_id"),
        type=_text(headers, "ce_type"),
        version=int(version[1]) if version else 1,
        subject=_id(headers, "ce_subject"),
        tenant=_text(headers, "ce_tenant"),
        sequence=int(sequence),
        time=_text(headers, "ce_time"),
        data=record.value or b"",
        replay_for=_text(headers, "ce_replayfor") if "ce_replayfor" in headers else None,
    )


def _text(headers: dict[str, bytes], name: str) -> str:
    try:
        return headers[name].decode("ascii")
    except KeyError:
        raise Unreadable(f"no header {name}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{name} is not ASCII") from None


def _id(headers: dict[str, bytes], name: str) -> str:
    try:
        return str(UUID(_text(headers, name)))
    except ValueError:
        raise Unreadable(f"{name} is not a UUID") from None
