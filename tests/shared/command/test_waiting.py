"""Waiting for an import asks only for the rows of which it does not know the end yet."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.command.importing.waiting import Counts, wait_until_told


class Service:
    """Tells of the rows of the first part at once, and of all others the second time."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def post(self, _path: str, body: Mapping[str, Any]) -> Mapping[str, int]:
        rows: Sequence[str] = body["external_ids"]
        told = len(rows) if rows[0] == "0" or rows[0] in self.asked else 0
        self.asked.append(rows[0])
        return {"filed": len(rows), "assigned": len(rows), "told": told, "history": 0}


async def test_a_part_of_which_all_are_told_is_not_asked_for_again() -> None:
    service = Service()
    shown: list[Counts] = []
    rows = [str(number) for number in range(1500)]
    counts = await wait_until_told(
        service,  # type: ignore[arg-type]  # what it needs of one
        "letters",
        rows,
        patience=9,
        progress=shown.append,
    )
    assert service.asked == ["0", "1000", "1000"]
    assert shown == [Counts(1500, 1500, 1000), Counts(1500, 1500, 1500)]
    assert counts == shown[-1]
