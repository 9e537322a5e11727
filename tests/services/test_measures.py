"""What services count of the events that they publish, and what they look up."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.casework.cases import measures as cases
from services.intake.duplicates import measures as duplicates
from services.intake.hot_spots import measures as hot_spots
from services.intake.points import measures as points
from services.intake.requests import measures as requests
from services.notifications.sending import measures as sending
from shared.contracts.base import Event
from shared.contracts.casework import CaseAccepted, CaseReturned, CaseSubmitted, WorkerAssigned
from shared.contracts.intake import (
    Channel,
    HotSpotAnnounced,
    HotSpotCooled,
    Outcome,
    PointsPosted,
    RequestAccepted,
    RequestClosed,
    RequestDuplicated,
    RequestFiled,
    RequestRated,
    RequestReclassified,
    RequestReopened,
    RequestSeparated,
    Urgency,
)
from shared.contracts.notifications import MessageDelivered, MessageFailed, RecipientKind
from shared.database import new_id
from shared.messaging.watching import Watch
from shared.testing.clock import FrozenClock
from tests.support.numbers import count


def id_of(moment: float) -> UUID:
    """A UUIDv7 made so many seconds after 2026-11-28 08:00 UTC."""
    milliseconds = int((1_795_852_800 + moment) * 1000)
    return UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62) | new_id().int & ((1 << 62) - 1))


def publish(watch: Watch, event: Event, *, id: UUID | None = None, causation: UUID | None = None) -> None:
    """As the relay does, with a row of the outbox."""
    row = {
        "id": id or new_id(),
        "topic": event.topic(),
        "aggregate": event.subject(),
        "sequence": 1,
        "tenant": "longxi",
        "type": event.type,
        "time": datetime.now(UTC),
        "correlation": new_id(),
        "causation": causation,
        "traceparent": None,
        "dataschema": event.dataschema(),
        "data": event.model_dump_json().encode(),
    }
    watch.published([row])


@pytest.fixture
def watch() -> Watch:
    watch = Watch()
    for feature in (requests, duplicates, hot_spots, points, cases, sending):
        feature.register(watch)
    return watch


def filed(clock: FrozenClock, **more: object) -> RequestFiled:
    details = {
        "request": new_id(),
        "resident": new_id(),
        "reference": "261128-000001-0",
        "urgency": Urgency.NORMAL,
        "channel": Channel.HOTLINE,
        "filed": clock(),
        "due": clock() + timedelta(days=7),
        **more,
    }
    return RequestFiled.model_validate(details)


def test_records_of_the_past_are_counted_apart(watch: Watch, frozen_clock: FrozenClock) -> None:
    def now(history: str) -> float:
        return count("requests_filed_total", channel="hotline", urgency="normal", history=history)

    before = now("no"), now("yes")
    publish(watch, filed(frozen_clock))
    publish(watch, filed(frozen_clock, history=True))
    assert (now("no"), now("yes")) == (before[0] + 1, before[1] + 1)


def test_limits_that_were_kept_and_not(watch: Watch, frozen_clock: FrozenClock) -> None:
    before = count("requests_accepted_total", within_limit="no")
    closed = count("requests_closed_total", outcome="resolved", within_limit="yes")
    signed = count("cases_accepted_total", within_limit="yes")
    request, resident, worker = new_id(), new_id(), new_id()
    due = frozen_clock()
    publish(watch, RequestAccepted(request=request, resident=resident, due=due, within_limit=False))
    publish(watch, CaseAccepted(request=request, worker=worker, resident=resident, within_limit=True))
    publish(
        watch,
        RequestClosed(
            request=request, resident=resident, outcome=Outcome.RESOLVED, within_limit=True, working_minutes=5
        ),
    )
    assert count("requests_accepted_total", within_limit="no") == before + 1
    assert count("requests_closed_total", outcome="resolved", within_limit="yes") == closed + 1
    assert count("cases_accepted_total", within_limit="yes") == signed + 1


def test_what_is_excluded_counts_for_no_rate(watch: Watch) -> None:
    answers = {"responded": "yes", "resolved": "no", "satisfied": "yes"}
    before = count("requests_rated_total", **answers), count("requests_excluded_total", reason="out_of_scope")
    rated = {"request": new_id(), "responded": True, "resolved": False, "satisfied": True}
    publish(watch, RequestRated.model_validate(rated))
    publish(watch, RequestRated.model_validate({**rated, "excluded": True, "reason": "out_of_scope"}))
    assert count("requests_rated_total", **answers) == before[0] + 1
    assert count("requests_excluded_total", reason="out_of_scope") == before[1] + 1


def test_joining_separating_and_reclassifying(watch: Watch, frozen_clock: FrozenClock) -> None:
    series: list[tuple[str, dict[str, str]]] = [
        ("requests_joined_total", {"what": "joined"}),
        ("requests_joined_total", {"what": "separated"}),
        ("requests_reclassified_total", {"reason": "proposal_confirmed"}),
    ]
    before = [count(name, **labels) for name, labels in series]
    who = {"request": new_id(), "resident": new_id()}
    for moved in (False, True):
        publish(watch, RequestDuplicated.model_validate({**who, "duplicate_of": new_id(), "moved": moved}))
    publish(watch, RequestSeparated.model_validate({**who, "of": new_id(), "due": frozen_clock()}))
    reading = {"urgency": "normal", "due": frozen_clock(), "reason": "proposal_confirmed"}
    publish(watch, RequestReclassified.model_validate({**who, **reading}))
    assert [count(name, **labels) for name, labels in series] == [one + 1 for one in before]


def test_hot_spots_that_come_and_go(watch: Watch, frozen_clock: FrozenClock) -> None:
    before = [count("hot_spots_total", what=what) for what in ("announced", "cooled")]
    now = frozen_clock()
    spot = {"heat": 35, "requests": 3, "residents": 3, "votes": 0, "first": now, "last": now}
    for event in (HotSpotAnnounced, HotSpotCooled):
        publish(watch, event.model_validate({"hot_spot": new_id(), **spot}))
    assert [count("hot_spots_total", what=what) for what in ("announced", "cooled")] == [
        one + 1 for one in before
    ]


def test_points_that_are_earned_spent_and_taken_back(watch: Watch) -> None:
    before = count("points_earned_total"), count("points_spent_total")
    for amount, reason in ((20, "attended"), (-15, "ordered"), (-3, "corrected")):
        changed = {"resident": new_id(), "amount": amount, "balance": 20, "reason": reason}
        publish(watch, PointsPosted.model_validate(changed))
    assert count("points_earned_total") == before[0] + 20
    assert count("points_spent_total") == before[1] + 15
    assert count("points_posted_total", reason="corrected") >= 1


def test_a_return_a_submission_and_a_reopening(watch: Watch, frozen_clock: FrozenClock) -> None:
    series: list[tuple[str, dict[str, str]]] = [
        ("cases_returned_total", {"reason": "not_mine"}),
        ("cases_submitted_total", {"result": "resolved"}),
        ("requests_reopened_total", {}),
    ]
    before = [count(name, **labels) for name, labels in series]
    who = {"request": new_id(), "worker": new_id(), "resident": new_id()}
    publish(watch, CaseReturned.model_validate({**who, "reason": "not_mine", "returns": 1}))
    publish(watch, CaseSubmitted.model_validate({**who, "result": "resolved", "effort": 30}))
    publish(
        watch,
        RequestReopened(
            request=new_id(), resident=new_id(), reason="not_solved", due=frozen_clock(), round=1
        ),
    )
    assert [count(name, **labels) for name, labels in series] == [number + 1 for number in before]


def test_from_filing_to_the_first_assignment_by_the_times_of_ids(
    watch: Watch, frozen_clock: FrozenClock
) -> None:
    def assigned(round: int) -> WorkerAssigned:
        return WorkerAssigned(
            request=id_of(0),
            worker=new_id(),
            resident=new_id(),
            reasons=("least_loaded",),
            candidates=1,
            load_before=0,
            load_after=30,
            policy="v1",
            round=round,
            due=frozen_clock(),
        )

    series, again = "request_assigned_seconds", count("requests_assigned_again_total")
    before = count(f"{series}_sum"), count(f"{series}_count")
    publish(watch, assigned(1), id=id_of(0.25))
    publish(watch, assigned(2), id=id_of(90_000))
    assert count(f"{series}_sum") == pytest.approx(before[0] + 0.25)
    assert count(f"{series}_count") == before[1] + 1
    assert count("requests_assigned_again_total") == again + 1


def test_from_an_event_to_its_telling_by_the_times_of_ids(watch: Watch) -> None:
    message = {
        "message": new_id(),
        "about": new_id(),
        "event": "request.filed",
        "recipient": new_id(),
        "recipient_kind": RecipientKind.RESIDENT,
        "channel": "sms",
        "template": "request.filed",
        "attempt": 1,
    }
    labels = {"event": "request.filed", "recipient": "resident"}
    before = count("told_seconds_sum", **labels), count("told_seconds_count", **labels)
    ended = count("messages_ended_total", channel="sms", state="delivered")
    failed = count("messages_ended_total", channel="sms", state="expired")
    delivered = MessageDelivered.model_validate(message)
    publish(watch, delivered, id=id_of(12), causation=id_of(10))
    publish(
        watch, delivered, id=id_of(12), causation=UUID("6f1ad5a1-9d2c-4a52-8a2e-0f6a3d0c8c11")
    )  # not a UUIDv7
    publish(watch, MessageFailed.model_validate({**message, "state": "expired", "reason": "too_late"}))
    assert count("told_seconds_sum", **labels) == pytest.approx(before[0] + 2)
    assert count("told_seconds_count", **labels) == before[1] + 1
    assert count("messages_ended_total", channel="sms", state="delivered") == ended + 2
    assert count("messages_ended_total", channel="sms", state="expired") == failed + 1
