"""Numbers are looked up when they are asked for; what cannot be looked up is not a number, and holds up nothing."""

import asyncio
import math

from shared.observing import metrics
from shared.observing.measuring import Measure, Measuring
from tests.support.numbers import number

_WAITING = metrics.gauge("test_measured_waiting", "Waiting", ["what"])
_PLAIN = metrics.gauge("test_measured_plain", "Plain")


class Shop:
    """Something to look at."""

    def __init__(self) -> None:
        self.waiting = 0
        self.looks = 0
        self.closed: Exception | None = None
        self.takes = 0.0

    async def look(self) -> None:
        self.looks += 1
        await asyncio.sleep(self.takes)
        if self.closed:
            raise self.closed
        _WAITING.labels(what="people").set(self.waiting)
        _PLAIN.set(self.waiting)

    @property
    def measure(self) -> Measure:
        return Measure(self.look, (_WAITING, _PLAIN))


async def test_a_number_is_looked_up_when_it_is_asked_for() -> None:
    shop = Shop()
    measuring = Measuring([shop.measure], fresh=0)
    assert shop.looks == 0
    for shop.waiting in (3, 1):
        await measuring()
        assert number("test_measured_waiting", what="people") == shop.waiting
        assert number("test_measured_plain") == shop.waiting


async def test_two_who_ask_together_cost_one_look() -> None:
    shop = Shop()
    shop.takes = 0.02
    measuring = Measuring([shop.measure], fresh=60)
    await asyncio.gather(measuring(), measuring(), measuring())
    assert shop.looks == 1


async def test_what_cannot_be_looked_up_is_not_a_number_and_the_rest_is() -> None:
    shop, other = Shop(), Shop()
    there = metrics.gauge("test_measured_there", "There")

    async def look() -> None:
        there.set(other.waiting)

    measuring = Measuring([shop.measure, Measure(look, (there,))], fresh=0)
    shop.waiting = other.waiting = 5
    await measuring()
    shop.closed = ConnectionError("away")
    await measuring()
    assert math.isnan(number("test_measured_waiting", what="people") or 0)
    assert math.isnan(number("test_measured_plain") or 0)
    assert number("test_measured_there") == 5
    shop.closed = None
    await measuring()
    assert number("test_measured_waiting", what="people") == 5


async def test_what_takes_long_is_not_waited_for_and_shown_the_next_time() -> None:
    shop = Shop()
    measuring = Measuring([shop.measure], fresh=60, wait=0.05)
    shop.waiting = 1
    await measuring()
    slow = Measuring([shop.measure], fresh=60, wait=0.05)
    shop.waiting, shop.takes = 2, 0.2
    await slow()
    assert number("test_measured_plain") == 1, "what was seen last"
    await asyncio.sleep(0.3)
    await slow()
    assert number("test_measured_plain") == 2
    assert shop.looks == 2


async def test_what_hangs_is_given_up() -> None:
    shop = Shop()
    shop.waiting = 7
    measuring = Measuring([shop.measure], fresh=0, wait=5, patience=0.05)
    await measuring()
    shop.takes = 3600
    async with asyncio.timeout(5):
        await measuring()
    assert math.isnan(number("test_measured_waiting", what="people") or 0)
