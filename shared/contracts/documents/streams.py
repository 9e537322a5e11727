"""Golden streams: records in an order that happens, and what a reader that is right has applied after them.

Each is a list of steps. `publish`: these records, in this order. `expect`: by now the events of `applied` are applied,
each once, in this order within a subject, and no others of the stream but those of `optional`; and of each range of
`missing` the reader knows that it is missing. `docs/integrate/district.md` says why each is so.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shared.contracts.base import Event
from shared.contracts.documents.golden import Golden, data_of, record_of
from shared.contracts.intake import (
    RequestAccepted,
    RequestClosed,
    RequestFiled,
    RequestRated,
    RequestReworked,
)

Stream = dict[str, Any]
_LIFE: Sequence[type[Event]] = (RequestFiled, RequestAccepted, RequestReworked, RequestClosed, RequestRated)
_SOMEBODY_ELSE = {
    "ce_replayid": "019a0000-0000-7000-8000-0000000f0001",
    "ce_replayfor": "notifications",
}


class _Requests:
    """Invented requests of one stream. `life(1, 3)`: the first three events of the first one, always the same."""

    def __init__(self, number: int) -> None:
        self._number = number

    def subject(self, which: int) -> str:
        return f"019a{self._number:04x}-{which:04x}-7000-8000-000000000001"

    def event(self, which: int, sequence: int) -> Golden:
        event = _LIFE[sequence - 1]
        id = f"019a{self._number:04x}-{which:04x}-7000-8000-0000000e{sequence:04x}"
        return record_of(event, data_of(event, request=self.subject(which)), id=id, sequence=sequence)

    def life(self, which: int, *sequences: int) -> list[Golden]:
        return [self.event(which, sequence) for sequence in sequences]


def streams() -> Mapping[str, Stream]:
    """Every stream by its name."""
    made = (
        _in_order,
        _duplicates,
        _sent_again,
        _sent_again_for_another,
        _gap_filled_later,
        _gap_never_filled,
        _two_keys_interleaved,
        _unknown_type,
        _unknown_field,
        _newer_version,
        _unreadable,
    )
    return {
        make.__name__.strip("_").replace("_", "-"): make(_Requests(number))
        for number, make in enumerate(made, start=1)
    }


def _in_order(some: _Requests) -> Stream:
    events = some.life(1, 1, 2, 3, 4, 5)
    return _stream(
        "The life of one request, each event once.",
        "一件诉求的全过程，每个事件一次。",
        _publish(events),
        _expect(events),
    )


def _duplicates(some: _Requests) -> Stream:
    first, second, third = some.life(1, 1, 2, 3)
    return _stream(
        "Events come twice, at once and later: a publisher or a reader died at the wrong moment.",
        "事件重复到达：发布方或读取方在中途中断。每个事件只能生效一次。",
        _publish([first, first, second, first, second, third, third]),
        _expect([first, second, third]),
    )


def _sent_again(some: _Requests) -> Stream:
    old, new = some.life(1, 1, 2, 3, 4), some.life(1, 5)
    return _stream(
        "Old events are sent again, with their ids and numbers, then a new one follows.",
        "旧事件按原编号和序号重发，随后是新事件。旧事件不得再次生效。",
        _publish(old),
        _expect(old),
        _publish(old + new),
        _expect(old + new),
    )


def _sent_again_for_another(some: _Requests) -> Stream:
    events, new = some.life(1, 1, 2, 3), some.life(1, 4)
    marked = [{**event, "headers": {**event["headers"], **_SOMEBODY_ELSE}} for event in events]
    return _stream(
        "Events are sent again for one service (`ce_replayfor`): nobody else's business.",
        "事件仅为某一服务重发（ce_replayfor），与其他读者无关。",
        _publish(events + marked + new),
        _expect(events + new),
    )


def _gap_filled_later(some: _Requests) -> Stream:
    before, after = some.life(1, 1, 2), some.life(1, 4, 5)
    again = some.life(1, 2, 3, 4)
    return _stream(
        "Number 3 is missing; what follows waits. Then a range around it is sent again.",
        "缺少第 3 号，其后的事件须等待；补发之后按顺序生效。",
        _publish(before + after),
        _expect(before, missing=[(some.subject(1), 3, 3)]),
        _publish(again),
        _expect(before + some.life(1, 3) + after),
    )


def _gap_never_filled(some: _Requests) -> Stream:
    first, second, fourth, fifth = some.life(1, 1, 2, 4, 5)
    one, two, three = some.life(2, 1, 2, 3)
    return _stream(
        "Number 3 never comes: that request stands still, and says so; the others go on.",
        "缺少的第 3 号始终未到：该诉求暂停并报告缺号，其他诉求继续。",
        _publish([first, one, second, fourth, two, fifth, three]),
        _expect([first, second, one, two, three], missing=[(some.subject(1), 3, 3)]),
    )


def _two_keys_interleaved(some: _Requests) -> Stream:
    left, right = some.life(1, 1, 2, 3, 4), some.life(2, 1, 2, 3, 4)
    mixed = [event for pair in zip(left, right, strict=True) for event in pair]
    return _stream(
        "Two requests at the same time: each has an order of its own.",
        "两件诉求同时进行：各自有各自的顺序。",
        _publish(mixed),
        _expect(mixed),
    )


def _unknown_type(some: _Requests) -> Stream:
    first, second, third = some.life(1, 1, 2, 3)
    unknown = {**second, "headers": {**second["headers"], "ce_type": "request.praised"}}
    unknown["headers"]["ce_dataschema"] = "urn:longxi:event:request.praised:v1"
    return _stream(
        "A type that nobody told you of takes a number; what follows is applied.",
        "出现未知的事件类型：它占用一个序号，其后的事件照常生效。",
        _publish([first, unknown, third]),
        _expect([first, third], optional=[unknown]),
    )


def _unknown_field(some: _Requests) -> Stream:
    first, second, third = some.life(1, 1, 2, 3)
    grown = {
        **second,
        "value": {**second["value"], "weather": "rain", "numbers": [1, 2], "more": {"a": None}},
    }
    grown["headers"] = {**second["headers"], "ce_mood": "good"}
    return _stream(
        "Fields and a header that are new: ignored, the event is applied.",
        "新增字段与新增头：忽略即可，事件照常生效。",
        _publish([first, grown, third]),
        _expect([first, second, third]),
    )


def _newer_version(some: _Requests) -> Stream:
    first, second, third = some.life(1, 1, 2, 3)
    newer = {**second, "value": {"request": second["value"]["request"], "limit": {"due": None}}}
    newer["headers"] = {**second["headers"], "ce_dataschema": "urn:longxi:event:request.accepted:v2"}
    return _stream(
        "A version that you do not know yet: not read by the old rules; what follows is applied.",
        "出现尚未支持的新版本：不得按旧版本解读；其后的事件照常生效。",
        _publish([first, newer, third]),
        _expect([first, third], optional=[newer]),
    )


def _unreadable(some: _Requests) -> Stream:
    good = some.life(1, 1, 2, 3)
    first, second, third = good
    nothing: Golden = {"topic": "intake.events", "key": some.subject(1), "headers": {}, "value": None}
    stranger: Golden = {
        "topic": "intake.events",
        "key": None,
        "headers": {"x": "y"},
        "value": {"not": "ours"},
    }
    nameless = {**second, "headers": {k: v for k, v in second["headers"].items() if k != "ce_id"}}
    return _stream(
        "Records that are no events: set aside, and nothing stops.",
        "不是事件的记录：搁置，不得因此停止。",
        _publish([first, nothing, stranger, nameless, second, third]),
        _expect(good),
    )


def _stream(promise: str, zh: str, *steps: Mapping[str, Any]) -> Stream:
    return {"promise": promise, "zh": zh, "steps": list(steps)}


def _publish(records: Iterable[Golden]) -> Mapping[str, Any]:
    return {"publish": list(records)}


def _expect(
    applied: Iterable[Golden],
    *,
    missing: Iterable[tuple[str, int, int]] = (),
    optional: Iterable[Golden] = (),
) -> Mapping[str, Any]:
    return {
        "expect": {
            "applied": [_line(record) for record in applied],
            "optional": [_line(record) for record in optional],
            "missing": [{"subject": subject, "from": first, "to": last} for subject, first, last in missing],
        }
    }


def _line(record: Golden) -> Mapping[str, Any]:
    headers = record["headers"]
    return {"id": headers["ce_id"], "subject": headers["ce_subject"], "sequence": int(headers["ce_sequence"])}
