"""What is counted of cases as their events are published, and what waits for a worker."""

from collections.abc import Iterable

from services.casework.cases.queries import waiting_cases
from services.casework.cases.rules import Waiting
from shared.clock import Clock
from shared.contracts.casework import CaseAccepted, CaseReturned, CaseSubmitted, WorkerAssigned
from shared.contracts.vocabulary import codes
from shared.database import Database
from shared.messaging.envelope import Received, made_at
from shared.messaging.watching import Watch
from shared.observing import metrics
from shared.observing.measuring import Measure

# From what people feel (a tenth of a second) to a queue that waits for the next working day.
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 72 * 3600)
_ASSIGNED = metrics.histogram(
    "request_assigned_seconds", "From filing to the first assignment (受理→派遣)", buckets=SECONDS
)
_AGAIN = metrics.counter("requests_assigned_again", "Assignments after the first one, as after a return")
_ACCEPTED = metrics.counter("cases_accepted", "Cases that their worker signed for (签收)", ["within_limit"])
_RETURNED = metrics.counter("cases_returned", "Cases given back by their worker (退单)", ["reason"])
_SUBMITTED = metrics.counter("cases_submitted", "Cases handled and submitted for the check", ["result"])
_WAITING = metrics.gauge("cases_waiting", "Cases that are with nobody, by why they wait", ["why"])
_OLDEST = metrics.gauge("cases_waiting_seconds", "How long ago the oldest of them was filed", ["why"])

# Known from the start, or the first of a kind would be no increase to whoever reads.
for _flag in ("no", "yes"):
    _ACCEPTED.labels(within_limit=_flag)
for _reason in codes("return_reason"):
    _RETURNED.labels(reason=_reason)
for _result in codes("case_result"):
    _SUBMITTED.labels(result=_result)


def register(watch: Watch) -> None:
    @watch.on(WorkerAssigned)
    def assigned(event: Received[WorkerAssigned]) -> None:
        filed = made_at(event.envelope.subject)
        if event.data.round > 1:
            _AGAIN.inc()
        elif filed is not None:
            # A request's id is made when it is filed here, also where an import says that it was said long ago.
            _ASSIGNED.observe(max(0.0, (event.envelope.made - filed) / 1000))

    @watch.on(CaseAccepted)
    def accepted(event: Received[CaseAccepted]) -> None:
        _ACCEPTED.labels(within_limit="yes" if event.data.within_limit else "no").inc()

    @watch.on(CaseReturned)
    def returned(event: Received[CaseReturned]) -> None:
        _RETURNED.labels(reason=event.data.reason).inc()

    @watch.on(CaseSubmitted)
    def submitted(event: Received[CaseSubmitted]) -> None:
        _SUBMITTED.labels(result=event.data.result).inc()


def waiting(database: Database, tenants: Iterable[str], clock: Clock) -> Measure:
    """The cases of all communities that are with nobody."""

    async def look() -> None:
        cases, oldest = dict.fromkeys(Waiting, 0), dict.fromkeys(Waiting, 0.0)
        now = clock().timestamp()
        for tenant in tenants:
            async with database.transaction(tenant) as session:
                for why, number, first in await waiting_cases(session):
                    cases[why] += number
                    oldest[why] = max(oldest[why], now - (made_at(first) or 0) / 1000)
        for why in Waiting:
            _WAITING.labels(why=why.value).set(cases[why])
            _OLDEST.labels(why=why.value).set(oldest[why])

    return Measure(look, (_WAITING, _OLDEST))


__all__ = ["register", "waiting"]
