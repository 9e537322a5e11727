"""`python -m gaps`: which events are missing in the topics, by `ce_sequence`; with `--resend` ask for them and wait.

Exit code 0: nothing is missing (any more). 1: something is. 2: it could not be found out.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aiokafka.errors import KafkaError

from gaps.reading import Reading, UnknownTopic, reading
from gaps.report import Range, line
from longxi_district.access import Access, access_of, add_arguments
from longxi_district.resending import NotAnswered, Resending

TOPICS = "intake.events,casework.events,employment.events,notifications.events"


async def run(arguments: argparse.Namespace, access: Access) -> int:
    topics = [topic for topic in arguments.topics.split(",") if topic]
    async with reading(access, topics, arguments.since) as read:
        await read.to_the_end()
        from_the_start = arguments.since is None
        missing = list(read.seen.missing(beginnings=from_the_start and arguments.beginnings))
        _say_what_is_missing(arguments, read, missing)
        if not missing or not arguments.resend:
            return 1 if missing else 0
        return await _have_it_sent_again(arguments, read, missing)


def _say_what_is_missing(arguments: argparse.Namespace, read: Reading, missing: Sequence[Range]) -> None:
    if arguments.json:
        for one in missing:
            _say(json.dumps(one._asdict()))
        return
    for one in missing:
        _say(line(one))
    _say(
        f"{read.seen.events} events of {len(read.seen.numbers)} aggregates read; "
        f"{len(missing)} ranges missing; {read.seen.unreadable} records that are no events"
    )


async def _have_it_sent_again(arguments: argparse.Namespace, read: Reading, missing: Sequence[Range]) -> int:
    resending = Resending(arguments.api, arguments.token_file, arguments.api_ca)
    waiting: list[Range] = []
    try:
        for one in missing:
            try:
                coming = await resending.ask(one.topic, one.aggregate, one.first, one.last)
            except NotAnswered as error:
                _say(line(one, f"could not be asked for: {error}"))
                continue
            if coming:
                waiting.append(one)
            _say(
                line(one, f"asked for, {coming} will come" if coming else "asked for, Longxi has none of it")
            )
    finally:
        await resending.close()
    arrived = 0
    async for _ in read.on(arguments.within if waiting else 0):
        for one in [one for one in waiting if read.seen.has(one)]:
            waiting.remove(one)
            arrived += 1
            _say(line(one, "has come"))
        if not waiting:
            break
    for one in waiting:
        _say(line(one, f"did not come within {arguments.within:g} s"))
    return 0 if arrived == len(missing) else 1


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _moment(text: str) -> datetime | None:
    if text == "beginning":
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("give the zone too, as in 2026-11-28T00:00:00+08:00")
    return moment


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gaps", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--topics", default=TOPICS, help="with commas (default: %(default)s)")
    parser.add_argument(
        "--from",
        dest="since",
        type=_moment,
        default=None,
        metavar="TIME",
        help="read from this time, as in 2026-11-28T00:00:00+08:00; without it from the beginning of the topics",
    )
    parser.add_argument(
        "--beginnings",
        action="store_true",
        help="also list what is missing before the first event of an aggregate; it may only be past the retention",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    group = parser.add_argument_group("sending again")
    group.add_argument(
        "--resend", action="store_true", help="ask Longxi for what is missing, and wait for it"
    )
    group.add_argument("--api", help="the platform's address, as in https://longxi.example:8443")
    group.add_argument("--token-file", type=Path, help="a file with a token of role district")
    group.add_argument("--api-ca", type=Path, help="certificate (PEM) of the authority of the address")
    group.add_argument(
        "--within", type=float, default=60.0, help="seconds to wait for what was asked for (default: 60)"
    )
    arguments = parser.parse_args()
    if arguments.resend and not (arguments.api and arguments.token_file):
        parser.error("--resend needs --api and --token-file")
    access = access_of(parser, arguments)
    try:
        return asyncio.run(run(arguments, access))
    except (KafkaError, OSError, UnknownTopic) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
