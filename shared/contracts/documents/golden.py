"""Golden events: for every contract a whole record as it lies in Kafka, with invented values that never change.

Whoever reads our topics can test a reader against them, and whoever writes `district.events` sees what is expected.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from shared.contracts.base import Event

Golden = dict[str, Any]
"""`topic`, `key`, `headers` by name, `value` as JSON."""

TENANT = "longxi"
_MOMENT = "2026-11-25T01:30:00Z"
_DUE = "2026-12-02T09:30:00Z"
_CORRELATION = "019a0000-0000-7000-8000-0000000c0001"
_CAUSATION = "019a0000-0000-7000-8000-0000000c0002"
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_OPTIONAL_HEADERS = frozenset({"ce_causation", "ce_traceparent"})

_VALUES: Mapping[str, Any] = {
    "about": "019a0000-0000-7000-8000-000000000001",
    "answered": True,
    "attempt": 1,
    "candidates": 6,
    "cap": 2400,
    "catch_all": False,
    "category": "010503",
    "channel": "portal",
    "code": "g1",
    "due": _DUE,
    "due_before": _DUE,
    "due_changed": True,
    "due_provisional": False,
    "duplicate_of": "019a0000-0000-7000-8000-000000000002",
    "effort": 45,
    "event": "request.filed",
    "excluded": False,
    "expires": "2027-01-31T16:00:00Z",
    "failures": 24,
    "filed": _MOMENT,
    "first": _MOMENT,
    "first_day": "2026-11-26",
    "grid": "019a0000-0000-7000-8000-000000000003",
    "grid_owner": "019a0000-0000-7000-8000-000000000004",
    "heat": 12,
    "history": False,
    "holidays": ["2027-01-01", "2027-01-02", "2027-01-03"],
    "hot_spot": "019a0000-0000-7000-8000-00000000000d",
    "kind": "building",
    "last": _MOMENT,
    "last_day": "2026-11-27",
    "load": 2460,
    "load_after": 315,
    "load_before": 270,
    "message": "019a0000-0000-7000-8000-000000000005",
    "met": ["occupation", "required_skill"],
    "missing_skills": ["waste_sorting"],
    "moved": False,
    "notice": "019a0000-0000-7000-8000-000000000006",
    "occupation": "4-01.cashier",
    "occupations": ["4-01.cashier"],
    "of": "019a0000-0000-7000-8000-000000000002",
    "outcome": "resolved",
    "own_work": False,
    "parent": "019a0000-0000-7000-8000-00000000000c",
    "place": "龙溪花园",
    "places": ["龙溪花园3栋", "龙溪路12号"],
    "policy": "2026.1",
    "posts": 2,
    "prefers_same_gender": True,
    "previous": "019a0000-0000-7000-8000-000000000007",
    "promoted": False,
    "rater": "resident",
    "question": "019a0000-0000-7000-8000-00000000000d",
    "recipient": "019a0000-0000-7000-8000-000000000008",
    "recipient_kind": "resident",
    "reference": "261125-000001-9",
    "request": "019a0000-0000-7000-8000-000000000001",
    "requests": 9,
    "resident": "019a0000-0000-7000-8000-000000000008",
    "resident_gender": "female",
    "residents": 7,
    "resolved": True,
    "responded": True,
    "result": "resolved",
    "retired": False,
    "returns": 1,
    "round": 1,
    "satisfied": True,
    "score": 0.82,
    "seeker": "019a0000-0000-7000-8000-000000000009",
    "skills": ["home_cleaning"],
    "state": "permanent_failure",
    "training": ["domestic_service_course"],
    "unmet": ["wished_skill"],
    "urgency": "normal",
    "vacancy": "019a0000-0000-7000-8000-00000000000a",
    "votes": 4,
    "webhook": "019a0000-0000-7000-8000-00000000000b",
    "what": "close",
    "within_limit": True,
    "amount": 2,
    "balance": 14,
    "cost": 128_050,
    "budget": 80_000,
    "sponsored": 30_000,
    "donated": 8_050,
    "out_of_pocket": 18_050,
    "lines": 9,
    "month": "2026-11-01",
    "earned": 4,
    "spent": 3,
    "expired": 0,
    "workdays": ["2027-01-09"],
    "worker": "019a0000-0000-7000-8000-000000000004",
    "working_minutes": 380,
    "year": 2027,
    "absent": 3,
    "activity": "019a0000-0000-7000-8000-0000000000a1",
    "at": _DUE,
    "attended": 27,
    "contact": "019a0000-0000-7000-8000-000000000008",
    "contacts": ["019a0000-0000-7000-8000-000000000008"],
    "decline_until": _MOMENT,
    "ends": "2026-12-02T11:30:00Z",
    "had_place": True,
    "late": False,
    "leave_until": _MOMENT,
    "minutes": 110,
    "number": 118,
    "position": 4,
    "quota": 30,
    "role": "participant",
    "series": "019a0000-0000-7000-8000-0000000000a2",
    "sign_up_from": _MOMENT,
    "sign_up_until": _DUE,
    "starts": _DUE,
    "starts_before": _MOMENT,
    "unplaced": 2,
    "venue": "019a0000-0000-7000-8000-0000000000a3",
    "volunteers": 5,
}
"""By the name of the field. A new field has to be added here, or below."""

_OWN: Mapping[str, Any] = {
    "points.posted.reason": "attended",
    # Where the same name means something else in one event.
    "worker.assigned.reasons": ["least_loaded", "grid_owner"],
    "worker.reassigned.reasons": ["workload"],
    "worker.absent.reason": "annual_leave",
    "case.returned.reason": "wrong_grid",
    "request.rejected.reason": "out_of_area",
    "request.reworked.reason": "not_solved",
    "request.reopened.reason": "came_back",
    "request.supervised.reason": "repeated_complaint",
    "request.due_changed.reason": "holiday_notice",
    "request.followed.reason": "came_back",
    "request.rated.reason": "out_of_scope",
    "request.reclassified.reason": "wrong_category",
    "request.rated.excluded": True,
    "message.delivered.channel": "sms",
    "message.delivered.template": "request.filed",
    "message.failed.channel": "sms",
    "message.failed.template": "request.filed",
    "message.failed.reason": "unknown_recipient",
    "activity.opened.kind": "handicraft",
    "activity.joined.kind": "handicraft",
    "activity.waitlisted.kind": "handicraft",
    "activity.promoted.kind": "handicraft",
    "activity.left.kind": "handicraft",
    "activity.rescheduled.kind": "handicraft",
    "activity.cancelled.kind": "handicraft",
    "activity.reminded.kind": "handicraft",
    "activity.held.kind": "handicraft",
    "activity.attended.kind": "handicraft",
    "activity.left.reason": "withdrawn",
    "activity.cancelled.reason": "weather",
}


class NoGoldenValue(Exception):
    """A field of a contract has no value here yet."""


def goldens(event: type[Event]) -> Mapping[str, Golden]:
    """The event's golden records, by the name of their file without its end.

    `<type>.v<version>` has every field and header; `….least` lacks the optional ones, as an event looks that was written
    before they were added, and that no other event led to.
    """
    name = f"{event.type}.v{event.version}"
    whole = data_of(event)
    least = {field: value for field, value in whole.items() if event.model_fields[field].is_required()}
    files = {name: record_of(event, whole)}
    if least != whole:
        record = record_of(event, least)
        headers = {name: text for name, text in record["headers"].items() if name not in _OPTIONAL_HEADERS}
        files[f"{name}.least"] = {**record, "headers": headers}
    return files


def data_of(event: type[Event], **other: Any) -> dict[str, Any]:
    """Data that fits the contract, as it is published; `other` values by field."""
    given = {field: _value(event, field) for field in event.model_fields} | other
    data: dict[str, Any] = event.model_validate(given).model_dump(mode="json")
    return data


def record_of(
    event: type[Event],
    data: Mapping[str, Any],
    *,
    id: str = "019a0000-0000-7000-8000-0000000e0001",
    sequence: int = 1,
) -> Golden:
    """The record of an event with this data."""
    subject = str(UUID(data[event.aggregate]))
    return {
        "topic": event.topic(),
        "key": subject,
        "headers": {
            "content-type": "application/json",
            "ce_specversion": "1.0",
            "ce_source": f"urn:longxi:service:{event.owner}",
            "ce_type": event.type,
            "ce_tenant": TENANT,
            "ce_dataschema": event.dataschema(),
            "ce_id": id,
            "ce_time": "2026-11-25T01:30:00.250000+00:00",
            "ce_subject": subject,
            "ce_sequence": str(sequence),
            "ce_correlation": _CORRELATION,
            "ce_causation": _CAUSATION,
            "ce_traceparent": _TRACE,
        },
        "value": dict(data),
    }


def _value(event: type[Event], field: str) -> Any:
    own = f"{event.type}.{field}"
    for values, name in ((_OWN, own), (_VALUES, field)):
        if name in values:
            return values[name]
    raise NoGoldenValue(f"{own}: give it a value in {__name__}")
