"""However many read what is public, those who work here do not wait for them."""

import asyncio

import pytest

from services.intake.open_data.crowds import Crowd
from shared.web.refusals import Unavailable


async def test_only_some_are_served_at_once_the_next_stand_in_line_and_the_rest_come_again() -> None:
    crowd, door = Crowd(at_once=2, in_line=3), asyncio.Event()
    inside: list[int] = []

    async def read(number: int) -> None:
        async with crowd.turn():
            inside.append(number)
            await door.wait()

    readers = [asyncio.create_task(read(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert inside == [0, 1]
    with pytest.raises(Unavailable):
        await read(5)
    door.set()
    await asyncio.gather(*readers)
    assert inside == [0, 1, 2, 3, 4]


async def test_who_hangs_up_in_line_leaves_their_place() -> None:
    crowd = Crowd(at_once=1, in_line=1)
    async with crowd.turn():

        async def wait() -> None:
            async with crowd.turn():
                pass

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        following = asyncio.create_task(wait())
        await asyncio.sleep(0)
        assert not following.done()
    await following
