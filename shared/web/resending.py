"""How much a caller may have sent again.

Operators and services select what they like. Anyone else who may ask at all, which is the district, asks for what it
missed: one topic, and in it one aggregate, or at most a day. Sending again is safe for whoever receives it, but it takes
the relay's time and the log's space, and the district's own mistakes shall cost a day of events at most.
"""

from datetime import timedelta

from shared.messaging.replay import Selection
from shared.refusals import Forbidden, InvalidValue
from shared.security.principal import Principal, Role

WRITE, REPLAY, REPLAY_RESTRICTED = "operations:write", "operations:replay", "operations:replay-restricted"
LONGEST = timedelta(hours=24)


class ReplayTooWide(InvalidValue):
    """`field` names what is missing or too much. Params: `reason_zh`, `reason_en`."""

    type = "replay-too-wide"


class RestrictedTopic(Forbidden):
    type = "restricted-topic"
    zh = "重发受限主题的事件需要单独授权（{needed}）。"
    en = "Having a restricted topic sent again needs a permission of its own: {needed}."


def check_selection(selection: Selection, caller: Principal) -> None:
    """Whether this caller may have that sent again. Raises ReplayTooWide, RestrictedTopic, which name the field."""
    if not _unbounded(caller):
        _check_width(selection)
    if _restricted(selection.topic) and not caller.may(REPLAY_RESTRICTED):
        raise RestrictedTopic(field="topic", needed=REPLAY_RESTRICTED)


def _unbounded(caller: Principal) -> bool:
    return caller.may(WRITE) or Role.SERVICE in caller.roles


def _restricted(topic: str | None) -> bool:
    return topic is not None and topic.endswith(".restricted")


def _check_width(selection: Selection) -> None:
    if selection.consumer is not None:
        raise ReplayTooWide(
            field="consumer",
            reason_zh="只能请求重发给所有读者，不能指定某一服务。",
            reason_en="Events are sent again to everyone; a service cannot be named.",
        )
    if selection.topic is None:
        raise ReplayTooWide(field="topic", reason_zh="请指定主题。", reason_en="Name the topic.")
    if selection.aggregate is None:
        _check_span(selection)


def _check_span(selection: Selection) -> None:
    if selection.from_time is None and selection.to_time is None:
        raise ReplayTooWide(
            field="aggregate",
            reason_zh="请指定对象（aggregate），或不超过 24 小时的时间段（from、to）。",
            reason_en="Name the aggregate, or a time range (from, to) of at most 24 hours.",
        )
    if selection.from_time is None:
        raise ReplayTooWide(
            field="from", reason_zh="请指定时间段的开始。", reason_en="Say where the range begins."
        )
    if selection.to_time is None:
        raise ReplayTooWide(
            field="to", reason_zh="请指定时间段的结束。", reason_en="Say where the range ends."
        )
    if selection.to_time - selection.from_time > LONGEST:
        raise ReplayTooWide(
            field="to",
            reason_zh="时间段最长 24 小时，请分几次请求。",
            reason_en="A time range is 24 hours at most; ask several times.",
        )


__all__ = [
    "REPLAY",
    "REPLAY_RESTRICTED",
    "WRITE",
    "ReplayTooWide",
    "RestrictedTopic",
    "check_selection",
]
