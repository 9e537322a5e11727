"""What is printed when the flow has come to rest: counts, latencies, addresses."""

from collections.abc import Iterable, Sequence
from statistics import quantiles

from shared.command.running.flow import Flow, Story
from shared.local.layout import Stack

_NAMES = {
    "intake": "诉求受理 intake",
    "casework": "处置办理 casework",
    "employment": "就业服务 employment",
    "notifications": "消息通知 notifications",
}


def summary(flow: Flow, *, held: int) -> list[str]:
    """Lines of counts and latencies. `held` is the number of messages that wait for the end of quiet hours."""
    requests, jobs = list(flow.requests.values()), list(flow.jobs.values())
    lines = [
        "诉求 requests: "
        + _counts(
            requests,
            [
                ("filed", "受理"),
                ("assigned", "派遣"),
                ("accepted", "签收"),
                ("closed", "结案"),
                ("told", "告知"),
            ],
        ),
        "就业 jobs: " + _counts(jobs, [("registered", "登记"), ("matched", "匹配"), ("told", "告知")]),
        _latency("受理→派遣 filed → assigned", requests, "filed", "assigned"),
        _latency("受理→告知 filed → told", requests, "filed", "told"),
        _latency("登记→匹配 registered → matched", jobs, "registered", "matched"),
        _latency("登记→告知 registered → told", jobs, "registered", "told"),
        f"事件 events: {flow.events}",
    ]
    if flow.failed:
        lines.append(f"未能送达 messages that failed: {flow.failed}")
    if held:
        lines.append(f"免打扰时段（21:30-07:30）内暂缓的短信 SMS held until the end of quiet hours: {held}")
    return lines


def addresses(stack: Stack) -> list[str]:
    """Where a person can look."""
    lines = [f"{_NAMES[service]:<26}{url}/docs" for service, url in stack.urls.items()]
    if "mail" in stack.pages:
        lines.append(f"{'邮件 mail':<24}{stack.pages['mail']}")
    return lines


def _counts(stories: Sequence[Story], stages: Iterable[tuple[str, str]]) -> str:
    return ", ".join(
        f"{zh} {stage} {sum(stage in story.stages for story in stories)}" for stage, zh in stages
    )


def _latency(name: str, stories: Sequence[Story], start: str, end: str) -> str:
    found = sorted(seconds for story in stories if (seconds := story.seconds(start, end)) is not None)
    if not found:
        return f"{name}: -"
    cuts = quantiles(found, n=100, method="inclusive") if len(found) > 1 else found * 99
    return f"{name}: p50 {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms ({len(found)})"
