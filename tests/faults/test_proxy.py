"""The proxy does to a connection what it says: a cut is a RST, a black hole is silence, slow is slow."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.proxy import Link, Slowness

_PATIENCE = 20


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.write(b"bye")
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    target = server.sockets[0].getsockname()[:2]
    async with Link("echo", 0, target) as link:
        yield link
    server.close()


@asynccontextmanager
async def _connected(link: Link) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        async with asyncio.timeout(_PATIENCE):
            yield reader, writer
    finally:
        writer.close()


async def test_everything_arrives_in_order_and_so_does_the_end(link: Link) -> None:
    async with _connected(link) as (reader, writer):
        sent = b"".join(number.to_bytes(4) for number in range(200_000))
        writer.write(sent)
        writer.write_eof()
        assert await reader.read(-1) == sent + b"bye"


async def test_a_cut_resets_what_is_open_and_what_comes_until_it_is_healed(link: Link) -> None:
    async with _connected(link) as (reader, writer):
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        link.cut()
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
    async with _connected(link) as (reader, _):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
    link.heal()
    async with _connected(link) as (reader, writer):
        writer.write(b"b")
        assert await reader.readexactly(1) == b"b"


async def test_a_black_hole_says_nothing_and_afterwards_all_arrives(link: Link) -> None:
    async with _connected(link) as (reader, writer):
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        link.swallow()
        writer.write(b"b")
        async with _connected(link) as (newcomer, hello):
            hello.write(b"c")
            answers = [asyncio.ensure_future(each.readexactly(1)) for each in (reader, newcomer)]
            done, _ = await asyncio.wait(answers, timeout=0.3)
            assert not done
            link.heal()
            assert await asyncio.gather(*answers) == [b"b", b"c"]


async def test_a_forgetful_router_resets_what_it_swallowed(link: Link) -> None:
    async with _connected(link) as (reader, writer):
        writer.write(b"a")
        assert await reader.readexactly(1) == b"a"
        link.swallow()
        writer.write(b"b")
        link.heal(forgetful=True)
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)


async def test_a_slow_link_takes_its_time_each_way(link: Link) -> None:
    async with _connected(link) as (reader, writer):
        link.slow(Slowness(latency=0.05, rate=100_000))
        began = time.monotonic()
        writer.write(bytes(20_000))
        await reader.readexactly(20_000)
        assert time.monotonic() - began >= 2 * 0.05 + 0.2, "twice the latency, and 20 kB at 100 kB/s"


async def test_a_target_that_is_away_resets_whoever_comes() -> None:
    gone = await asyncio.start_server(_echo, "127.0.0.1", 0)
    target = gone.sockets[0].getsockname()[:2]
    gone.close()
    await gone.wait_closed()
    async with Link("nobody", 0, target) as link, _connected(link) as (reader, _):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
