"""What was joined to another's request is a case of its own again when it leaves."""

from datetime import timedelta

from shared.contracts.intake import RequestDuplicated, RequestSeparated
from shared.database import new_id
from tests.services.casework.conftest import Casework

RESIDENT = new_id()


async def test_it_opens_again_with_whoever_had_it(casework: Casework) -> None:
    worker = await casework.worker()
    case = await casework.file()
    await casework.hear(RequestDuplicated(request=case, resident=RESIDENT, duplicate_of=new_id()))
    assert await casework.loads() == {worker: 0}
    due = casework.clock() + timedelta(days=7)
    separated = RequestSeparated(request=case, resident=RESIDENT, of=new_id(), due=due)
    await casework.hear(separated)
    view = await casework.case(case)
    assert (view["state"], view["worker"], view["ending"]) == ("open", str(worker), None)
    assert (await casework.loads())[worker] > 0
    await casework.hear(separated)
    assert [line["what"] for line in await casework.story(case)][-1] == "late"


async def test_moving_along_changes_nothing(casework: Casework) -> None:
    await casework.worker()
    case = await casework.file()
    await casework.hear(RequestDuplicated(request=case, resident=RESIDENT, duplicate_of=new_id()))
    before = await casework.story(case)
    await casework.hear(RequestDuplicated(request=case, resident=RESIDENT, duplicate_of=new_id(), moved=True))
    assert await casework.story(case) == before
