"""Pages that nothing new shifts, and cursors that cannot be bent."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from shared.security import Role, permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page
from shared.web.refusals import InvalidCursor
from tests.support.web import Stage, problem

PERMISSIONS = {Role.WORKER: frozenset({"things:read"})}
ID = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
AT = datetime(2026, 11, 18, 2, 0, 0, 123456, tzinfo=UTC)
ROWS: list[int] = []
router = APIRouter()


class Line(Model):
    number: int


@router.get("/v1/things")
async def list_things(
    call: Annotated[Call, permit("things:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 3,
) -> Page[Line]:
    after = cursor.take(int)[0] if cursor else -1
    rows = [row for row in sorted(ROWS) if row > after][: limit + 1]
    return page(rows, limit, item=lambda row: Line(number=row), position=lambda row: (row,))


@pytest.fixture
def client(stage: Stage) -> httpx.AsyncClient:
    ROWS[:] = range(0, 70, 10)
    return stage.client(stage.application([router], PERMISSIONS))


async def test_all_pages_together_are_the_list(client: httpx.AsyncClient) -> None:
    seen: list[int] = []
    parameters: dict[str, str] = {}
    while True:
        body = (await client.get("/v1/things", params=parameters)).json()
        seen += [item["number"] for item in body["items"]]
        if body["next"] is None:
            break
        parameters = {"cursor": body["next"]}
    assert seen == ROWS


async def test_new_rows_neither_hide_nor_repeat_others(client: httpx.AsyncClient) -> None:
    first = (await client.get("/v1/things")).json()
    ROWS.extend([5, 15])
    second = (await client.get("/v1/things", params={"cursor": first["next"]})).json()
    assert [item["number"] for item in first["items"] + second["items"]] == [0, 10, 20, 30, 40, 50]


async def test_a_last_page_that_is_just_full_has_no_next(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/things", params={"limit": 7})).json()["next"] is None


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "99999999999999999999"])
async def test_a_limit_is_1_to_200(client: httpx.AsyncClient, limit: str) -> None:
    document = problem(await client.get("/v1/things", params={"limit": limit}), 422, "invalid-request")
    assert (document["errors"][0]["field"], document["errors"][0]["in"]) == ("/limit", "query")


@given(
    st.lists(
        st.one_of(
            st.integers(-(2**62), 2**62),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
            st.uuids(),
            st.datetimes(timezones=st.just(UTC)),
        ),
        max_size=3,
    )
)
def test_a_cursor_keeps_its_place(position: list[int | str | UUID | datetime]) -> None:
    assert Cursor.decode(Cursor(tuple(position)).encode()).position == tuple(position)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_cursor_is_noticed(index: int, change: int) -> None:
    text = bytearray(Cursor((AT, ID)).encode().encode())
    text[index % len(text)] ^= change
    try:
        changed = text.decode("ascii")
        decoded = Cursor.decode(changed)
    except (UnicodeDecodeError, InvalidCursor):
        return
    # Base64 has spare bits at its end: what differs only there is the same place.
    assert decoded.position == (AT, ID)


@given(st.text(max_size=100))
def test_nonsense_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.decode(text)


def test_a_cut_cursor_is_noticed() -> None:
    text = Cursor((AT, ID)).encode()
    for length in range(len(text) - 1):
        with pytest.raises(InvalidCursor):
            Cursor.decode(text[:length])


async def test_a_cursor_of_another_list_is_refused(client: httpx.AsyncClient) -> None:
    for other in (Cursor((AT, ID)), Cursor(("x",)), Cursor(()), Cursor((True,))):
        answer = await client.get("/v1/things", params={"cursor": other.encode()})
        document = problem(answer, 422, "invalid-cursor")
        assert document["errors"][0]["field"] == "/cursor"


async def test_an_endless_cursor_is_refused(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/things", params={"cursor": "x" * 513}), 422, "invalid-request")
