"""One community's fault is not the others'."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.jobs import in_each, in_pieces


class Noted:
    def __init__(self, **failing: BaseException) -> None:
        self.done: list[str] = []
        self._failing = failing

    async def __call__(self, tenant: str) -> None:
        if tenant in self._failing:
            raise self._failing[tenant]
        self.done.append(tenant)


async def test_each_has_its_turn() -> None:
    work = Noted()
    await in_each(("longxi", "yuhu"), work)()
    assert work.done == ["longxi", "yuhu"]


async def test_where_one_fails_the_others_go_on_and_the_job_has_failed() -> None:
    work = Noted(longxi=ValueError("no such grid"))
    with pytest.raises(ValueError, match="no such grid"):
        await in_each(("longxi", "yuhu"), work)()
    assert work.done == ["yuhu"]


async def test_all_that_failed_are_named() -> None:
    work = Noted(longxi=ValueError("one"), heping=KeyError("two"))
    with pytest.raises(ExceptionGroup) as failure:
        await in_each(("longxi", "yuhu", "heping"), work)()
    assert [type(each) for each in failure.value.exceptions] == [ValueError, KeyError]
    assert work.done == ["yuhu"]


async def test_whoever_stops_it_stops_all() -> None:
    work = Noted(longxi=asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await in_each(("longxi", "yuhu"), work)()
    assert work.done == []


async def test_pieces_are_done_until_one_is_not_full(database: Database) -> None:
    left, transactions = [7], set[int]()

    async def three(session: AsyncSession) -> int:
        transactions.add(await session.scalar(text("SELECT txid_current()")) or 0)
        done = min(3, left[0])
        left[0] -= done
        return done

    assert await in_pieces(database, "longxi", 3, three) == 7
    assert len(transactions) == 3
