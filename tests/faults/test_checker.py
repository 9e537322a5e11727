"""The checker sees each kind of breach: a world in which all is well, and one thing wrong in it at a time."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from tests.faults.checker import PROMISES, History, Published, Recorded, State, Told, violations

REQUEST, WORKER, RESIDENT = uuid4(), uuid4(), uuid4()


def _well() -> tuple[History, State]:
    """One request, filed, assigned, and told of."""
    filed, assigned = uuid4(), uuid4()
    messages = [
        Told(uuid4(), filed, REQUEST, "request.filed", "resident", RESIDENT, "delivered"),
        Told(uuid4(), assigned, REQUEST, "worker.assigned", "resident", RESIDENT, "delivered"),
        Told(uuid4(), assigned, REQUEST, "worker.assigned", "worker", WORKER, "delivered"),
    ]
    recorded = [
        Recorded("intake.events", REQUEST, 1, filed, "request.filed", True),
        Recorded("casework.events", REQUEST, 1, assigned, "worker.assigned", True),
        Recorded("intake.events", REQUEST, 2, uuid4(), "request.accepted", True),
        *(
            Recorded("notifications.events", one.id, 1, uuid4(), "message.delivered", True)
            for one in messages
        ),
    ]
    state = State(
        requests={REQUEST},
        recorded=recorded,
        published=[Published(*event[:5]) for event in recorded],
        applied={("casework", "intake.events", REQUEST): 2},
        listeners={"intake.events": frozenset({"casework"})},
        cases={REQUEST: WORKER},
        told=messages,
        loads={WORKER: (60, 60)},
    )
    return History({"k"}, {"k": REQUEST}), state


def test_nothing_is_found_where_all_is_well() -> None:
    assert violations(*_well()) == []


Harm = Callable[[History, State], None]


def _lose_request(_: History, state: State) -> None:
    state.requests.clear()


def _file_twice(_: History, state: State) -> None:
    state.requests.add(UUID(int=1))


def _lose_record(_: History, state: State) -> None:
    del state.published[0]


def _invent_record(_: History, state: State) -> None:
    state.published.append(Published("casework.events", UUID(int=1), 1, uuid4(), "case.accepted"))


def _swap_records(_: History, state: State) -> None:
    state.published[0], state.published[2] = state.published[2], state.published[0]


def _skip_event(_: History, state: State) -> None:
    state.applied["casework", "intake.events", REQUEST] = 1


def _assign_twice(_: History, state: State) -> None:
    state.recorded.append(Recorded("casework.events", REQUEST, 2, uuid4(), "worker.assigned", True))


def _tell_twice(_: History, state: State) -> None:
    state.told.append(state.told[0]._replace(id=uuid4()))


def _tell_nobody(_: History, state: State) -> None:
    state.told[1] = state.told[1]._replace(state="expired")


def _hold(_: History, state: State) -> None:
    state.held.append("intake.events #3 is dead: gap")


def _count_wrong(_: History, state: State) -> None:
    state.loads[WORKER] = (120, 60)


BREACHES: list[tuple[Harm, str]] = [
    (_lose_request, "acknowledged-is-stored"),
    (_file_twice, "asked-once-is-stored-once"),
    (_lose_record, "stored-is-published"),
    (_invent_record, "published-was-recorded"),
    (_swap_records, "published-in-order-without-gap"),
    (_skip_event, "applied-to-the-last"),
    (_assign_twice, "assigned-once"),
    (_tell_twice, "told-once"),
    (_tell_nobody, "told-once"),
    (_hold, "nothing-is-held-or-dead"),
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
