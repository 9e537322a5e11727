"""`python -m python.consumer`: reads Longxi's topics, applies each event once and in order, asks for what is missing.

Stop it in any way at any time and start it again: it goes on where it was.
"""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from longxi_district.access import Access, access_of, add_arguments
from longxi_district.resending import Resending
from python.asking import ask_for_missing
from python.inbox import resume, take
from python.listing import serve
from python.stores import Store, open_store

_BATCH = 500
_POLL_MS = 500
log = logging.getLogger("district")


async def run(arguments: argparse.Namespace, access: Access) -> None:
    store = await open_store(arguments.store)
    try:
        async with store.transaction() as transaction:
            await resume(transaction)
        async with _listing(store, arguments.listen), _asking(store, arguments):
            await _consume(store, access, arguments.topics.split(","), arguments.group)
    finally:
        await store.close()


async def _consume(store: Store, access: Access, topics: list[str], group: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    consumer = AIOKafkaConsumer(
        *topics,
        **access.clients(),
        group_id=group,
        # Offsets are committed by hand, after the batch is in the database.
        enable_auto_commit=False,
        # A group that is new reads all that the topics still hold.
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        log.info("reading %s as group %s", ", ".join(topics), group)
        while not stop.is_set():
            found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_BATCH)
            records = [record for some in found.values() for record in some]
            if not records:
                continue
            async with store.transaction() as transaction:
                await take(transaction, records)
            # A partition that went to another member in the meantime is that one's to commit; it drops what is here.
            with contextlib.suppress(CommitFailedError, IllegalStateError):
                await consumer.commit()
    finally:
        await consumer.stop()


@asynccontextmanager
async def _listing(store: Store, listen: str | None) -> AsyncIterator[None]:
    if listen is None:
        yield
        return
    host, _, port = listen.rpartition(":")
    server = await serve(store, host, int(port))
    try:
        yield
    finally:
        server.close()


@asynccontextmanager
async def _asking(store: Store, arguments: argparse.Namespace) -> AsyncIterator[None]:
    if arguments.api is None:
        yield
        return
    resending = Resending(arguments.api, arguments.token_file, arguments.api_ca)
    task = asyncio.create_task(ask_for_missing(store, resending))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await resending.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m python.consumer", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--topics", default="intake.events", help="with commas (default: %(default)s)")
    parser.add_argument("--group", default="district-example", help="has to begin with district-")
    parser.add_argument(
        "--store",
        default="sqlite:///district.db",
        help="sqlite:///FILE or postgresql://… (default: %(default)s)",
    )
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="say at http://HOST:PORT/applied what was applied"
    )
    parser.add_argument("--api", help="the platform's address; without it nothing missing is asked for")
    parser.add_argument("--token-file", type=Path, help="a file with a token of role district")
    parser.add_argument("--api-ca", type=Path, help="certificate (PEM) of the authority of the address")
    arguments = parser.parse_args()
    if arguments.api and not arguments.token_file:
        parser.error("--api needs --token-file")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    access = access_of(parser, arguments)
    try:
        asyncio.run(run(arguments, access))
    except (KafkaError, OSError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
