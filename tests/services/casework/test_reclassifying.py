"""A case follows its request's category, urgency and due time, and counts as much load as the new estimate says."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.intake import RequestReclassified, RequestWithdrawn, Urgency
from shared.database import new_id
from tests.services.casework.conftest import Casework


def reclassified(case: UUID, due: datetime, **changes: Any) -> RequestReclassified:
    values: dict[str, Any] = {
        "request": case,
        "resident": new_id(),
        "category": "0201",
        "urgency": Urgency.URGENT,
        "due": due,
        "due_changed": True,
        "reason": "more_urgent",
        **changes,
    }
    return RequestReclassified(**values)


async def test_the_case_follows_with_its_load(casework: Casework) -> None:
    worker = await casework.worker()
    case, due = await casework.file(category="0105"), casework.clock() + timedelta(hours=2)
    assert (await casework.loads())[worker] == 60
    await casework.hear(reclassified(case, due))
    record = await casework.get(f"/v1/cases/{case}")
    assert (record["category"], record["urgency"]) == ("0201", "urgent")
    assert datetime.fromisoformat(record["due"]) == due
    assert (await casework.loads())[
        worker
    ] == 45  # by the table of estimates; counter and sum are compared as well
    story = await casework.get(f"/v1/cases/{case}/story")
    (line,) = [line for line in story["lines"] if line["what"] == "reclassified"]
    assert line["text"].startswith("诉求分类或紧急程度调整：情况比登记的紧急")


async def test_a_case_that_has_ended_stays_as_it_ended(casework: Casework) -> None:
    await casework.worker()
    case = await casework.file(category="0105")
    await casework.hear(RequestWithdrawn(request=case, resident=new_id()))
    await casework.hear(reclassified(case, casework.clock()))
    assert (await casework.get(f"/v1/cases/{case}"))["category"] == "0105"
