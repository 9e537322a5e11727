"""A case is due when its request is: supervision and a new calendar move both, and the case's story says why."""

from datetime import timedelta

from shared.contracts.intake import RequestDueChanged, RequestReopened, RequestSupervised, RequestWithdrawn
from shared.database import new_id
from tests.services.casework.conftest import Casework

RESIDENT = new_id()


async def test_supervision_moves_the_due_time_and_the_case_to_the_top(casework: Casework) -> None:
    worker = await casework.worker()
    first, marked = await casework.file(), await casework.file()
    before = await casework.case(marked)
    due = casework.clock() + timedelta(hours=1)
    await casework.hear(
        RequestSupervised(
            request=marked,
            resident=RESIDENT,
            reason="slow_progress",
            due=due,
            due_provisional=True,
            due_before=casework.clock(),
        )
    )
    case = await casework.case(marked)
    assert (case["due"], case["due_provisional"]) == (due.isoformat().replace("+00:00", "Z"), True)
    assert (case["version"], case["state"], case["worker"]) == (
        before["version"] + 1,
        before["state"],
        str(worker),
    )
    line = (await casework.story(marked))[-1]
    assert (line["what"], line["text"]) == ("supervised", "诉求被督办，时限提前：办理迟缓")
    day = await casework.get(f"/v1/workers/{worker}/day")
    assert [each["id"] for each in day["cases"]] == [str(marked), str(first)]


async def test_a_new_calendar_moves_many_at_once_and_what_is_over_stays(casework: Casework) -> None:
    await casework.worker()
    cases = [await casework.file() for _ in range(3)]
    await casework.hear(RequestWithdrawn(request=cases[2], resident=RESIDENT))
    due = casework.clock() + timedelta(days=9)
    await casework.hear(
        *(
            RequestDueChanged(
                request=case,
                resident=RESIDENT,
                due=due,
                due_before=casework.clock(),
                due_changed=True,
                reason="holiday_notice",
            )
            for case in (*cases, new_id())
        )
    )
    dues = [(await casework.case(case))["due"] for case in cases]
    assert dues[0] == dues[1] == due.isoformat().replace("+00:00", "Z") != dues[2]
    assert (await casework.story(cases[0]))[-1]["text"] == "办理时限调整：国务院放假安排调整了工作日"
    assert [line["what"] for line in await casework.story(cases[2])][-1] == "late"


async def test_a_reopened_case_says_whether_its_new_limit_may_still_move(casework: Casework) -> None:
    await casework.worker()
    case = await casework.file()
    await casework.hear(RequestWithdrawn(request=case, resident=RESIDENT))
    await casework.hear(
        RequestReopened(
            request=case,
            resident=RESIDENT,
            reason="came_back",
            due=casework.clock() + timedelta(days=7),
            due_provisional=True,
            round=1,
        )
    )
    assert (await casework.case(case))["due_provisional"] is True
