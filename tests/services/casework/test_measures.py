"""Cases that are with nobody are seen, of all communities together, with how long the oldest waits."""

from services.casework.cases.measures import waiting
from shared.clock import system_clock
from shared.observing.measuring import Measuring
from tests.services.casework.conftest import COMMUNITIES, Casework
from tests.support.numbers import number


async def test_what_waits_for_a_worker_is_counted_by_why(casework: Casework) -> None:
    look = Measuring([waiting(casework.database, COMMUNITIES, system_clock)], fresh=0)
    await look()
    assert number("cases_waiting", why="nobody_available") == 0
    for tenant in ("longxi", "longxi", "yuhu"):
        await casework.file(tenant=tenant)
    await look()
    assert number("cases_waiting", why="nobody_available") == 3
    assert 0 <= (number("cases_waiting_seconds", why="nobody_available") or 0) < 60
    await casework.worker()
    await casework.worker(tenant="yuhu")
    await look()
    assert number("cases_waiting", why="nobody_available") == 0
    assert number("cases_waiting_seconds", why="nobody_available") == 0
