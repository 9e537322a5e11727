"""The envelope is CloudEvents 1.0 in Kafka's binary mode, and nothing unreadable passes for one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from shared.database import new_id
from shared.messaging.envelope import Envelope, Malformed, ReplayMark
from shared.messaging.records import Record
from tests.support.messaging import TOPIC, envelope


class Untouched(JSONFormat):
    """Leaves the data as the bytes that they are."""

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:
        assert isinstance(data, bytes)
        return data

    def read_data(self, body: bytes, datacontenttype: str | None) -> Any:
        return body


FULL = Envelope(
    id=new_id(),
    source="urn:longxi:service:intake",
    type="request.filed",
    time=datetime(2026, 11, 18, 2, 0, 0, 123456, tzinfo=UTC),
    subject=new_id(),
    tenant="longxi",
    sequence=7,
    correlation=new_id(),
    causation=new_id(),
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    dataschema="urn:longxi:event:request.filed:v1",
    data='{"地":"龙溪"}'.encode(),
    replay=ReplayMark(new_id(), "casework"),
)


@pytest.mark.parametrize("event", [FULL, envelope(new_id(), 1)], ids=["everything", "only what must be"])
def test_what_is_written_is_read_back(event: Envelope) -> None:
    record = event.to_record(TOPIC)
    assert (record.topic, record.key, record.value) == (TOPIC, str(event.subject).encode(), event.data)
    assert Envelope.from_record(record) == event


def test_the_cloudevents_library_reads_what_we_write() -> None:
    record = FULL.to_record(TOPIC)
    assert record.key is not None
    message = kafka.KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value)
    read = kafka.from_binary(message, Untouched())
    assert read.get_id() == str(FULL.id)
    assert (read.get_type(), read.get_source(), read.get_time()) == (FULL.type, FULL.source, FULL.time)
    assert (read.get_subject(), read.get_dataschema()) == (str(FULL.subject), FULL.dataschema)
    assert read.get_datacontenttype() == "application/json"
    extensions = {
        name: read.get_extension(name) for name in ("tenant", "sequence", "correlation", "causation")
    }
    assert extensions == {
        "tenant": "longxi",
        "sequence": "7",
        "correlation": str(FULL.correlation),
        "causation": str(FULL.causation),
    }
    assert read.get_data() == FULL.data


def test_we_read_what_the_cloudevents_library_writes() -> None:
    assert FULL.replay is not None
    attributes: dict[str, Any] = {
        "id": str(FULL.id),
        "source": FULL.source,
        "type": FULL.type,
        "specversion": "1.0",
        "time": FULL.time,
        "subject": str(FULL.subject),
        "datacontenttype": "application/json",
        "dataschema": FULL.dataschema,
        "tenant": FULL.tenant,
        "sequence": str(FULL.sequence),
        "correlation": str(FULL.correlation),
        "causation": str(FULL.causation),
        "traceparent": FULL.traceparent,
        "replayid": str(FULL.replay.id),
        "replayfor": FULL.replay.consumer,
    }
    written = kafka.to_binary(CloudEvent(attributes, FULL.data), Untouched())
    record = Record(TOPIC, None, written.value, tuple(written.headers.items()))
    assert Envelope.from_record(record) == FULL


def test_a_foreign_publisher_may_leave_out_what_only_we_know() -> None:
    record = FULL.to_record(TOPIC)
    ours = {
        "ce_correlation",
        "ce_causation",
        "ce_traceparent",
        "ce_dataschema",
        "ce_replayid",
        "ce_replayfor",
    }
    bare = Record(TOPIC, None, b"{}", tuple(header for header in record.headers if header[0] not in ours))
    read = Envelope.from_record(bare)
    assert (read.correlation, read.causation, read.traceparent) == (FULL.id, None, None)


@pytest.mark.parametrize(
    ("header", "value", "why"),
    [
        ("ce_specversion", None, "no header ce_specversion"),
        ("ce_specversion", b"0.3", "ce_specversion is not 1.0"),
        ("ce_id", None, "no header ce_id"),
        ("ce_id", b"42", "ce_id is not a UUID"),
        ("ce_id", b"\xff\xfe", "ce_id is not a UUID"),
        ("ce_type", b"", "ce_type is empty, not printable, or longer than 100"),
        ("ce_type", b"a" * 101, "ce_type is empty, not printable, or longer than 100"),
        ("ce_type", b"a\x00b", "ce_type is empty, not printable, or longer than 100"),
        ("ce_type", "诉求".encode(), "ce_type is not ASCII"),
        ("ce_time", b"yesterday", "ce_time is not an RFC 3339 timestamp"),
        ("ce_time", b"2026-11-18T02:00:00", "ce_time has no zone"),
        ("ce_subject", None, "no header ce_subject"),
        ("ce_tenant", None, "no header ce_tenant"),
        ("ce_tenant", b"x" * 32, "ce_tenant is empty, not printable, or longer than 31"),
        ("ce_sequence", b"0", "ce_sequence is not a whole number from 1"),
        ("ce_sequence", b"-1", "ce_sequence is not a whole number from 1"),
        ("ce_sequence", b" 1", "ce_sequence is not a whole number from 1"),
        ("ce_sequence", b"9" * 19, "ce_sequence is not a whole number from 1"),
        ("ce_sequence", b"9" * 400, "ce_sequence is not a whole number from 1"),
        ("ce_causation", b"x", "ce_causation is not a UUID"),
        ("ce_replayfor", None, "no header ce_replayfor"),
    ],
)
def test_what_is_malformed_is_said_without_repeating_it(header: str, value: bytes | None, why: str) -> None:
    headers = dict(FULL.to_record(TOPIC).headers)
    if value is None:
        del headers[header]
    else:
        headers[header] = value
    with pytest.raises(Malformed) as refused:
        Envelope.from_record(Record(TOPIC, None, b"{}", tuple(headers.items())))
    assert str(refused.value) == why
