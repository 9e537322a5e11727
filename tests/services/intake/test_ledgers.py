"""The ledger of an activity through HTTP: entered, reversed, paid back by four eyes, settled, open to everybody."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.intake.activities.tables import Activity
from shared.database import new_id
from shared.security import Role
from tests.services.intake.channels import Make, make_intake, photo
from tests.services.intake.conftest import Intake
from tests.support.web import problem

__all__ = ["make_intake"]


@pytest.fixture
async def intake(make_intake: Make) -> Intake:
    return await make_intake()


async def activity(intake: Intake, state: str = "held", number: int = 1) -> str:
    """An activity as its own feature leaves it."""
    id, now = new_id(), intake.clock()
    async with intake.database.transaction("longxi") as session:
        session.add(
            Activity(
                id=id,
                number=number,
                kind="handicraft",
                title="重阳节剪纸",
                description="一起剪纸。",
                proposed=now,
                state=state,
                version=4,
                checked=now,
                starts=now,
                ends=now,
                sign_up_from=now,
                sign_up_until=now,
                last_sequence=0,
            )
        )
    return str(id)


class Book:
    """One activity's ledger over HTTP."""

    def __init__(self, intake: Intake, activity: str) -> None:
        self.intake = intake
        self.path = f"/v1/activities/{activity}/ledger"

    async def enter(self, kind: str, amount: int, *, status: int = 201, **fields: Any) -> dict[str, Any]:
        if kind in {"expense", "out_of_pocket"}:
            fields = {"purpose": "materials", **fields}
        if kind == "out_of_pocket" and "receipt" not in fields:
            fields["receipt"] = await self.receipt(fields["payer"]) if "payer" in fields else str(new_id())
        body = {"kind": kind, "amount": amount, **fields}
        answer = await self.intake.as_().post(f"{self.path}/lines", json=body)
        assert answer.status_code == status, answer.text
        entered: dict[str, Any] = answer.json()
        return entered

    async def receipt(self, payer: str) -> str:
        answer = await self.intake.as_().post(
            f"{self.path}/receipts", params={"payer": payer}, content=photo("PNG", (40, 60))
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def claim(self, payer: str, amount: int) -> str:
        answer = await self.intake.as_().post(
            f"{self.path}/reimbursements", json={"payer": payer, "amount": amount}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def decide(self, claim: str, *, approve: bool = True, by: str = "head-1") -> Any:
        client = self.intake.as_(Role.HEAD, by)
        return await client.post(f"{self.path}/reimbursements/{claim}/decide", json={"approve": approve})

    async def settle(self) -> Any:
        return await self.intake.as_(Role.HEAD, "head-1").post(f"{self.path}/settle")

    async def read(self) -> dict[str, Any]:
        record: dict[str, Any] = (await self.intake.as_().get(self.path)).json()
        return record


async def test_an_activity_s_money_from_the_budget_to_the_open_page(intake: Intake) -> None:
    id, anna, bo = await activity(intake), await intake.resident(), await intake.resident()
    book = Book(intake, id)
    await book.enter("budget", 80_000)
    await book.enter("sponsor", 30_000, party="龙溪超市")
    await book.enter("sponsor", 1_000, sponsor=bo)
    await book.enter("expense", 95_000, purpose="food", party="社区食堂")
    await book.enter("out_of_pocket", 12_000, payer=anna)
    state = await book.enter("out_of_pocket", 6_050, payer=bo)
    assert state["state"] == "open"
    refused = problem(await book.settle(), 409, "ledger-not-balanced")
    assert "5、6" in refused["detail"]

    claim = await book.claim(anna, 12_000)
    assert (await book.decide(claim)).json()["state"] == "approved"
    given = await intake.as_(Role.RESIDENT, bo).post(f"{book.path}/waive", json={"amount": 6_050})
    assert given.status_code == 201, given.text
    left = problem(await book.settle(), 409, "ledger-not-balanced")
    assert "40.00" in left["detail"]
    assert (await book.enter("budget_returned", 4_000))["state"] == "balanced"
    settled = await book.settle()
    assert (settled.status_code, settled.json()["state"]) == (200, "settled"), settled.text

    (event,) = await intake.published("activity.settled")
    assert {key: event[key] for key in ("cost", "budget", "sponsored", "donated", "out_of_pocket")} == {
        "cost": 113_050,
        "budget": 76_000,
        "sponsored": 31_000,
        "donated": 6_050,
        "out_of_pocket": 18_050,
    }
    (row,) = await intake.rows("SELECT state, settled FROM activity")
    assert (row.state, row.settled is not None) == ("settled", True)
    open_ = (await intake.anybody().get(f"/v1/public/longxi/activities/{id}/ledger")).json()
    assert open_["sponsors"] == ["龙溪超市"]
    assert {each["code"]: each["amount"] for each in open_["purposes"]} == {
        "food": 95_000,
        "materials": 18_050,
    }
    assert anna not in str(open_)
    assert bo not in str(open_)
    for late in (book.enter("budget", 1, status=409), book.settle()):
        await late
    assert (await book.read())["state"] == "settled"


async def test_nothing_is_open_before_it_is_settled(intake: Intake) -> None:
    id = await activity(intake)
    await Book(intake, id).enter("budget", 100)
    client = intake.anybody()
    problem(await client.get(f"/v1/public/longxi/activities/{id}/ledger"), 404, "ledger-not-found")
    problem(await client.get(f"/v1/public/nowhere/activities/{id}/ledger"), 403, "unknown-tenant")


async def test_whoever_entered_a_reimbursement_does_not_approve_it(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    book = Book(intake, id)
    await book.enter("budget", 5_000)
    await book.enter("out_of_pocket", 5_000, payer=anna)
    head = intake.as_(Role.HEAD, "head-1")
    own = (await head.post(f"{book.path}/reimbursements", json={"payer": anna, "amount": 2_000})).json()["id"]
    problem(await book.decide(own), 403, "own-entry")
    assert (await book.decide(own, by="head-2")).status_code == 200
    problem(await book.decide(own, by="head-2"), 409, "reimbursement-decided")
    refused = await book.claim(anna, 3_000)
    more = await intake.as_().post(f"{book.path}/reimbursements", json={"payer": anna, "amount": 1})
    problem(more, 409, "not-owed")
    problem(await book.settle(), 409, "ledger-not-balanced")
    assert (await book.decide(refused, approve=False)).json()["state"] == "refused"
    again = await book.claim(anna, 3_000)
    waiting = await intake.as_().get("/v1/reimbursements", params={"waiting": "true"})
    assert [each["id"] for each in waiting.json()["items"]] == [again]


async def test_what_is_wrong_is_reversed_and_stays_to_be_seen(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    book = Book(intake, id)
    await book.enter("budget", 5_000)
    wrong = await book.enter("out_of_pocket", 9_000, payer=anna)
    path = f"{book.path}/lines/{wrong['number']}/reverse"
    assert (await intake.as_().post(path)).json()["number"] == 3
    problem(await intake.as_().post(path), 409, "line-reversed")
    problem(await intake.as_().post(f"{book.path}/lines/3/reverse"), 409, "line-reversed")
    problem(await intake.as_().post(f"{book.path}/lines/9/reverse"), 404, "ledger-line-not-found")
    record = await book.read()
    assert [(each["kind"], each["reversed_by"]) for each in record["entries"]] == [
        ("budget", None),
        ("out_of_pocket", 3),
        ("reversal", None),
    ]
    assert (record["totals"]["out_of_pocket"], record["totals"]["owed"]) == (0, 0)
    for sql in ("UPDATE ledger_line SET amount = 1 RETURNING 1", "DELETE FROM ledger_line RETURNING 1"):
        with pytest.raises(DBAPIError, match="never changed"):
            await intake.rows(sql)


@pytest.mark.parametrize(
    ("kind", "fields", "type"),
    [
        ("out_of_pocket", {"receipt": None, "payer": "anna"}, "receipt-missing"),
        ("out_of_pocket", {}, "party-missing"),
        ("expense", {"payer": "anna"}, "party-missing"),
        ("expense", {"purpose": None}, "party-missing"),
        ("expense", {"purpose": "gold"}, "unknown-code"),
        ("sponsor", {}, "party-missing"),
        ("sponsor", {"party": "龙溪超市", "sponsor": "anna"}, "party-missing"),
        ("budget", {"sponsor": "anna"}, "party-missing"),
    ],
)
async def test_each_line_names_what_it_has_to(
    intake: Intake, kind: str, fields: dict[str, Any], type: str
) -> None:
    anna = await intake.resident()
    fields = {key: anna if value == "anna" else value for key, value in fields.items()}
    document = await Book(intake, await activity(intake)).enter(kind, 100, status=422, **fields)
    assert document["type"] == f"urn:longxi:problem:{type}"


async def test_a_proposal_has_no_ledger_and_an_activity_is_held_before_it_is_settled(intake: Intake) -> None:
    proposed = await activity(intake, "proposed")
    await Book(intake, proposed).enter("budget", 100, status=409)
    scheduled = Book(intake, await activity(intake, "scheduled", 2))
    problem(await scheduled.settle(), 409, "illegal-move")
    free = await Book(intake, await activity(intake, "held", 3)).settle()
    assert free.json()["totals"]["cost"] == 0
    called_off = Book(intake, await activity(intake, "cancelled", 4))
    await called_off.enter("budget", 100)
    await called_off.enter("expense", 100)
    assert (await called_off.settle()).status_code == 200
    states = await intake.rows("SELECT state FROM activity ORDER BY number")
    assert [row.state for row in states] == ["proposed", "scheduled", "settled", "cancelled"]


async def test_two_heads_pay_the_same_money_once(intake: Intake) -> None:
    id, anna = await activity(intake), await intake.resident()
    book = Book(intake, id)
    await book.enter("budget", 1_000)
    await book.enter("out_of_pocket", 1_000, payer=anna)
    claim = await book.claim(anna, 1_000)
    answers = await asyncio.gather(*(book.decide(claim, by=f"head-{each}") for each in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    record = await book.read()
    assert (record["state"], record["totals"]["cash"], len(record["entries"])) == ("balanced", 0, 3)


async def test_lines_at_once_get_numbers_without_gaps_and_spend_no_fen_twice(intake: Intake) -> None:
    id = await activity(intake)
    book = Book(intake, id)
    await book.enter("budget", 500)
    body = {"kind": "expense", "amount": 100, "purpose": "food"}
    answers = await asyncio.gather(*(intake.as_().post(f"{book.path}/lines", json=body) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 5 + [409] * 7
    record = await book.read()
    assert [each["number"] for each in record["entries"]] == list(range(1, 7))
    assert record["totals"]["cash"] == 0
    settled = await asyncio.gather(*(book.settle() for _ in range(4)))
    assert sorted(answer.status_code for answer in settled) == [200] + [409] * 3
    assert len(await intake.published("activity.settled")) == 1


async def test_a_line_is_entered_once_for_its_key(intake: Intake) -> None:
    book = Book(intake, await activity(intake))
    for _ in range(2):
        await intake.as_().post(
            f"{book.path}/lines", json={"kind": "budget", "amount": 5}, headers={"Idempotency-Key": "1"}
        )
    assert len((await book.read())["entries"]) == 1


async def test_only_who_paid_gives_it_up(intake: Intake) -> None:
    id, anna, bo = await activity(intake), await intake.resident(), await intake.resident()
    book = Book(intake, id)
    await book.enter("out_of_pocket", 1_000, payer=anna)
    theirs = await intake.as_(Role.RESIDENT, bo).post(f"{book.path}/waive", json={"amount": 1_000})
    problem(theirs, 409, "not-owed")
    problem(await intake.as_().post(f"{book.path}/waive", json={"amount": 1_000}), 403, "not-permitted")
