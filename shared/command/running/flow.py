"""The flow of requests and jobs, put together from the events of all services as they arrive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from shared.messaging.envelope import Envelope

REQUEST_STAGES: Mapping[str, tuple[str, str]] = {
    "filed": ("受理", "filed"),
    "assigned": ("派遣", "assigned"),
    "accepted": ("签收", "accepted"),
    "submitted": ("处置完成", "submitted"),
    "closed": ("结案", "closed"),
    "told": ("已告知", "told"),
}
JOB_STAGES: Mapping[str, tuple[str, str]] = {
    "registered": ("求职登记", "registered"),
    "matched": ("岗位匹配", "matched"),
    "told": ("已告知", "told"),
}
_REQUEST_EVENTS: Mapping[str, str] = {
    "request.filed": "filed",
    "worker.assigned": "assigned",
    "case.accepted": "accepted",
    "case.submitted": "submitted",
    "request.closed": "closed",
}


@dataclass(slots=True)
class Story:
    """What is known of one request or seeker: when each stage was first reached."""

    id: UUID
    label: str
    stages: dict[str, datetime] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    """Kinds of recipients whose message is delivered: `worker`, `resident`."""

    def seconds(self, start: str, end: str) -> float | None:
        if start not in self.stages or end not in self.stages:
            return None
        return max((self.stages[end] - self.stages[start]).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Step:
    """One stage that was just reached, for a line on the screen."""

    story: Story
    stage: str
    words: tuple[str, str]
    at: datetime
    worker: UUID | None = None


class Flow:
    """All stories. `take` each event once, in any order."""

    def __init__(self) -> None:
        self.requests: dict[UUID, Story] = {}
        self.jobs: dict[UUID, Story] = {}
        self.events = 0
        self.failed = 0

    def take(self, envelope: Envelope) -> Step | None:
        """Note an event; returns the stage that it brought, if it brought one."""
        self.events += 1
        data: dict[str, Any] = orjson.loads(envelope.data)
        if envelope.type in _REQUEST_EVENTS:
            return self._request(envelope, data, _REQUEST_EVENTS[envelope.type])
        if envelope.type == "seeker.registered":
            return self._job(envelope.subject, "registered", envelope.time)
        if envelope.type == "job.matched":
            return self._job(envelope.subject, "matched", envelope.time)
        if envelope.type == "message.delivered":
            return self._delivered(data, envelope.time)
        if envelope.type == "message.failed":
            self.failed += 1
        return None

    def unfinished(self) -> int:
        """Requests that nobody is assigned to or that not everyone is told of, and matched seekers not told."""
        requests = sum("told" not in story.stages for story in self.requests.values())
        return requests + sum(
            "matched" in story.stages and "told" not in story.stages for story in self.jobs.values()
        )

    def _request(self, envelope: Envelope, data: dict[str, Any], stage: str) -> Step | None:
        story = self.requests.setdefault(
            envelope.subject, Story(envelope.subject, str(envelope.subject)[-8:])
        )
        story.label = data.get("reference", story.label)
        worker = UUID(data["worker"]) if "worker" in data else None
        return _reach(story, stage, REQUEST_STAGES[stage], envelope.time, worker)

    def _job(self, seeker: UUID, stage: str, at: datetime) -> Step | None:
        story = self.jobs.setdefault(seeker, Story(seeker, f"求职者 {str(seeker)[-6:]}"))
        return _reach(story, stage, JOB_STAGES[stage], at)

    def _delivered(self, data: dict[str, Any], at: datetime) -> Step | None:
        about = UUID(data["about"])
        if data["event"] == "worker.assigned":
            story = self.requests.setdefault(about, Story(about, str(about)[-8:]))
            story.told.add(data["recipient_kind"])
            if story.told >= {"worker", "resident"}:
                return _reach(story, "told", REQUEST_STAGES["told"], at)
        elif data["event"] == "job.matched":
            story = self.jobs.setdefault(about, Story(about, f"求职者 {str(about)[-6:]}"))
            return _reach(story, "told", JOB_STAGES["told"], at)
        return None


def _reach(
    story: Story, stage: str, words: tuple[str, str], at: datetime, worker: UUID | None = None
) -> Step | None:
    if stage in story.stages:
        return None
    story.stages[stage] = at
    return Step(story, stage, words, at, worker)
