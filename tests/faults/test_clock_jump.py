"""The machine's clock is set while the platform runs."""

from datetime import timedelta

from tests.support.community import Community
from tests.support.platform import Platform, on_the_embedded_parts

_JUMPS = (timedelta(0), timedelta(days=1), timedelta(hours=-2), timedelta(days=-1))


@on_the_embedded_parts
async def test_a_clock_that_jumps_loses_and_doubles_nothing(platform: Platform, community: Community) -> None:
    """Forward a day, back two hours, back a day: each request is assigned, and each person told of it once."""
    worker = await community.worker("欧阳明瑾", email="ouyang@longxi.example")
    await community.grid(worker, catch_all=True, kind="area")
    resident = await community.resident("司徒婉清", email="situ@longxi.example")
    await platform.settle()
    for number, jump in enumerate(_JUMPS, start=1):
        platform.clock.advance(jump)
        filed = await community.file(resident, f"第{number}盏路灯不亮")
        await platform.settle()
        assert (await community.case(filed.id))["worker"] == str(worker)
        assert f"resident {resident}" in await community.told(filed.id, "request.filed")
        assert len(platform.office.to("ouyang@longxi.example")) == number
    for running in platform.running.values():
        assert await running.admin.fetchval("SELECT count(*) FROM held_event") == 0
