"""One community's fault is not the others'."""

import asyncio

import pytest

from shared.jobs import in_each


class Noted:
    def __init__(self, **failing: Exception) -> None:
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
    work = Noted(longxi=asyncio.CancelledError())  # type: ignore[arg-type]  # what a lost lease brings
    with pytest.raises(asyncio.CancelledError):
        await in_each(("longxi", "yuhu"), work)()
    assert work.done == []
