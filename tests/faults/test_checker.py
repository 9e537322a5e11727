"""The checker sees each kind of breach: a world in which all is well, and one thing wrong in it at a time."""

from collections import Counter
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.faults.checker import PROMISES, violations
from tests.faults.facts import (
    Asked,
    Case,
    Grid,
    History,
    Interruption,
    Published,
    Recorded,
    Request,
    State,
    Taken,
    Telling,
    Told,
    canonical,
)

REQUEST, WORKER, RESIDENT, GRID, NOBODY = uuid4(), uuid4(), uuid4(), uuid4(), UUID(int=1)
FILED, ASSIGNED, ACCEPTED = uuid4(), uuid4(), uuid4()
MAIL = 2
"""Place of the message that went by mail."""


def _well() -> tuple[History, State]:
    """One request: imported, filed, assigned, signed for, and told of."""
    messages = [
        Told(uuid4(), FILED, REQUEST, "request.filed", "resident", RESIDENT, "delivered"),
        Told(uuid4(), ASSIGNED, REQUEST, "worker.assigned", "resident", RESIDENT, "delivered"),
        Told(uuid4(), ASSIGNED, REQUEST, "worker.assigned", "worker", WORKER, "delivered", "mail", 2),
        Told(uuid4(), ACCEPTED, REQUEST, "case.accepted", "resident", RESIDENT, "delivered"),
    ]
    people = {"resident": str(RESIDENT), "worker": str(WORKER)}
    recorded = [
        Recorded("intake.events", REQUEST, 1, FILED, "request.filed", True, b"filed", people),
        Recorded("casework.events", REQUEST, 1, ASSIGNED, "worker.assigned", True, b"assigned", people),
        Recorded("intake.events", REQUEST, 2, uuid4(), "request.accepted", True, b"taken on", people),
        Recorded("casework.events", REQUEST, 2, ACCEPTED, "case.accepted", True, b"signed", people),
        *(
            Recorded("notifications.events", one.id, 1, uuid4(), "message.delivered", True)
            for one in messages
        ),
    ]
    topics = {"intake.events": frozenset({"casework"})}
    grids = {GRID: Grid("all", frozenset(), catch_all=True)}
    state = State(
        requests={REQUEST: Request("in_progress", WORKER, "X1", "friday")},
        answers={"k": canonical({"results": [{"id": str(REQUEST)}]}), "m": canonical({"state": "accepted"})},
        recorded=recorded,
        published=[Published(*event[:5], event.print) for event in recorded],
        applied={("casework", "intake.events", REQUEST): 2},
        noted={"casework": Counter(event.id for event in recorded if event.topic in topics)},
        listeners=topics,
        cases={REQUEST: Case("accepted", WORKER)},
        request_story={REQUEST: Counter(filed=1, accept=1, dispatch=1, start=1)},
        case_story={REQUEST: Counter(assigned=1, request_accepted=1, accepted=1)},
        tellings={
            one.id: Telling(one.about, one.type, one.kind, one.recipient, one.channel, one.state)
            for one in messages
        },
        known={REQUEST: "friday"},
        holders={REQUEST: WORKER},
        grids={"casework": grids, "intake": dict(grids)},
        told=messages,
        taken=[Taken(messages[MAIL].id, "mail", 100.0)],
        loads={WORKER: (60, 60)},
    )
    calls = {
        "k": Asked("import", ("X1",), 1.0, 2.0, [str(state.answers["k"])], {"X1": REQUEST}),
        "m": Asked("accept", (str(REQUEST),), 3.0, 4.0, [str(state.answers["m"])]),
    }
    return History(calls), state


def test_nothing_is_found_where_all_is_well() -> None:
    assert violations(*_well()) == []


def test_a_mail_may_come_again_where_its_answer_could_be_lost() -> None:
    history, state = _well()
    state.taken.append(state.taken[0]._replace(at=161.0))
    assert violations(history, state)
    state.interruptions = [Interruption("mail", 99.0, 130.0)]
    assert violations(history, state) == []


def test_what_nobody_answered_may_be_there_or_not() -> None:
    history, state = _well()
    history.calls["u"] = Asked("accept", (str(uuid4()),), 5.0)
    history.calls["v"] = Asked("file", (), 5.0)
    assert violations(history, state) == []


Harm = Callable[[History, State], None]


def _lose_request(_: History, state: State) -> None:
    state.requests.clear()


def _file_as_another(_: History, state: State) -> None:
    state.requests[REQUEST] = state.requests[REQUEST]._replace(external="X2")


def _lose_move(_: History, state: State) -> None:
    state.recorded = [event for event in state.recorded if event.type != "case.accepted"]


def _start_unasked(_: History, state: State) -> None:
    state.case_story[REQUEST]["started"] += 1


def _file_unasked(_: History, state: State) -> None:
    state.requests[NOBODY] = Request("dispatched", WORKER)


def _file_twice(_: History, state: State) -> None:
    state.requests[NOBODY] = state.requests[REQUEST]


def _answer_two_filings(history: History, _: State) -> None:
    for key in ("a", "b"):
        history.calls[key] = Asked("file", (), 1.0, 2.0, ["{}"], {"": REQUEST})


def _forget_answer(_: History, state: State) -> None:
    del state.answers["k"]


def _answer_otherwise(history: History, _: State) -> None:
    history.calls["k"].answers.append("{}")


def _store_otherwise(_: History, state: State) -> None:
    state.answers["m"] = "{}"


def _fail(history: History, _: State) -> None:
    history.calls["k"].faults.append(500)


def _refuse(history: History, _: State) -> None:
    history.calls["k"].refused = "illegal-move"


def _lose_record(_: History, state: State) -> None:
    del state.published[0]


def _leave_unsent(_: History, state: State) -> None:
    state.recorded[0] = state.recorded[0]._replace(sent=False)


def _lose_event(_: History, state: State) -> None:
    del state.recorded[0], state.published[0]


def _invent_record(_: History, state: State) -> None:
    state.published.append(Published("casework.events", NOBODY, 1, uuid4(), "case.accepted"))


def _change_record(_: History, state: State) -> None:
    state.published[0] = state.published[0]._replace(print=b"something else")


def _swap_records(_: History, state: State) -> None:
    state.published[0], state.published[2] = state.published[2], state.published[0]


def _leave_gap(_: History, state: State) -> None:
    state.recorded[2] = state.recorded[2]._replace(sequence=3)
    state.published[2] = state.published[2]._replace(sequence=3)


def _skip_event(_: History, state: State) -> None:
    state.applied["casework", "intake.events", REQUEST] = 1


def _note_twice(_: History, state: State) -> None:
    state.noted["casework"][FILED] += 1


def _never_note(_: History, state: State) -> None:
    del state.noted["casework"][FILED]


def _keep_old_state(_: History, state: State) -> None:
    state.requests[REQUEST] = state.requests[REQUEST]._replace(state="dispatched")


def _keep_old_worker(_: History, state: State) -> None:
    state.requests[REQUEST] = state.requests[REQUEST]._replace(worker=None)


def _apply_twice(_: History, state: State) -> None:
    state.request_story[REQUEST]["dispatch"] += 1


def _apply_late(_: History, state: State) -> None:
    state.request_story[REQUEST]["late"] += 1


def _accept_twice(_: History, state: State) -> None:
    state.case_story[REQUEST]["request_accepted"] += 1


def _keep_no_telling(_: History, state: State) -> None:
    state.tellings.popitem()


def _keep_old_limit(_: History, state: State) -> None:
    state.known[REQUEST] = "thursday"


def _keep_old_holder(_: History, state: State) -> None:
    state.holders[REQUEST] = None


def _keep_old_grid(_: History, state: State) -> None:
    state.grids["intake"][GRID] = Grid("all", frozenset({"龙溪路1号"}), catch_all=True)


def _assign_twice(_: History, state: State) -> None:
    state.recorded.append(state.recorded[1]._replace(id=uuid4(), sequence=3))


def _assign_nobody(_: History, state: State) -> None:
    state.cases[REQUEST] = Case("accepted", None)


def _make_case_of_nothing(_: History, state: State) -> None:
    state.cases[NOBODY] = Case("open", WORKER)


def _tell_twice(_: History, state: State) -> None:
    state.told.append(state.told[0]._replace(id=uuid4()))


def _tell_somebody_else(_: History, state: State) -> None:
    state.told[0] = state.told[0]._replace(recipient=NOBODY)


def _tell_nobody(_: History, state: State) -> None:
    state.told[1] = state.told[1]._replace(state="expired")


def _never_make_message(_: History, state: State) -> None:
    del state.told[1]


def _report_twice(_: History, state: State) -> None:
    state.recorded.append(state.recorded[-1]._replace(id=uuid4(), sequence=2))


def _send_twice(_: History, state: State) -> None:
    state.taken.append(state.taken[0])


def _send_more_often_than_tried(_: History, state: State) -> None:
    state.interruptions = [Interruption("mail", 0.0, 1000.0)]
    state.taken *= 3


def _never_send(_: History, state: State) -> None:
    state.taken.clear()


def _send_unknown(_: History, state: State) -> None:
    state.taken.append(Taken(NOBODY, "sms", 100.0))


def _hold(_: History, state: State) -> None:
    state.held.append("intake.events #3 is dead: gap")


def _leave_lease(_: History, state: State) -> None:
    state.left.append("intake: job overdue is held by nobody-42")


def _count_wrong(_: History, state: State) -> None:
    state.loads[WORKER] = (120, 60)


BREACHES: list[tuple[Harm, str]] = [
    (_lose_request, "acknowledged-is-stored"),
    (_file_as_another, "acknowledged-is-stored"),
    (_lose_move, "acknowledged-is-stored"),
    (_start_unasked, "acknowledged-is-stored"),
    (_file_unasked, "asked-once-is-stored-once"),
    (_file_twice, "asked-once-is-stored-once"),
    (_answer_two_filings, "asked-once-is-stored-once"),
    (_forget_answer, "asked-once-is-stored-once"),
    (_answer_otherwise, "the-same-key-gets-the-same-answer"),
    (_store_otherwise, "the-same-key-gets-the-same-answer"),
    (_fail, "no-fault-is-unhandled"),
    (_refuse, "no-fault-is-unhandled"),
    (_lose_record, "stored-is-published"),
    (_leave_unsent, "stored-is-published"),
    (_lose_event, "stored-is-published"),
    (_invent_record, "published-is-what-was-recorded"),
    (_change_record, "published-is-what-was-recorded"),
    (_swap_records, "published-in-order-without-gap"),
    (_leave_gap, "published-in-order-without-gap"),
    (_skip_event, "applied-once-to-the-last"),
    (_note_twice, "applied-once-to-the-last"),
    (_never_note, "applied-once-to-the-last"),
    (_keep_old_state, "read-models-say-what-events-say"),
    (_keep_old_worker, "read-models-say-what-events-say"),
    (_apply_twice, "read-models-say-what-events-say"),
    (_apply_late, "read-models-say-what-events-say"),
    (_accept_twice, "read-models-say-what-events-say"),
    (_keep_no_telling, "read-models-say-what-events-say"),
    (_keep_old_limit, "read-models-say-what-events-say"),
    (_keep_old_holder, "read-models-say-what-events-say"),
    (_keep_old_grid, "read-models-say-what-events-say"),
    (_assign_twice, "assigned-once"),
    (_assign_nobody, "assigned-once"),
    (_make_case_of_nothing, "assigned-once"),
    (_tell_twice, "told-once"),
    (_tell_somebody_else, "told-once"),
    (_tell_nobody, "told-once"),
    (_never_make_message, "told-once"),
    (_report_twice, "told-once"),
    (_send_twice, "told-as-the-world-counts"),
    (_send_more_often_than_tried, "told-as-the-world-counts"),
    (_never_send, "told-as-the-world-counts"),
    (_send_unknown, "told-as-the-world-counts"),
    (_hold, "nothing-is-held-or-dead"),
    (_leave_lease, "nothing-is-left-locked"),
    (_count_wrong, "load-equals-open-work"),
]


@pytest.mark.parametrize(("harm", "promise"), BREACHES)
def test_each_breach_is_found(harm: Harm, promise: str) -> None:
    history, state = _well()
    harm(history, state)
    assert promise in {found.split(":")[0] for found in violations(history, state)}


def test_every_promise_is_broken_by_some_case() -> None:
    """A promise that no test breaks might not look at all."""
    assert {promise for _, promise in BREACHES} == PROMISES.keys()
