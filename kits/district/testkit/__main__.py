"""`python -m testkit`: publish the golden streams to a topic that your consumer reads, and see what it makes of them.

Exit code 0: every point passed. 1: one failed. 2: it could not be tried.
"""

import argparse
import asyncio
import sys
import uuid
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from longxi_district.access import Access, access_of, add_arguments
from testkit.judging import Point
from testkit.listing import NoListing, Source
from testkit.running import Stopped, Trial, make_topic, publishing
from testkit.streams import load, names


async def run(arguments: argparse.Namespace, access: Access) -> int:
    wanted = arguments.streams.split(",") if arguments.streams else names()
    source = Source(arguments.applied)
    try:
        await source.get()
        if arguments.make_topic:
            await make_topic(access, arguments.topic, arguments.make_topic)
        async with publishing(access) as producer:
            trial = Trial(
                producer,
                arguments.topic,
                source,
                run=uuid.uuid4().hex,
                within=arguments.within,
                missing_lines=not arguments.no_missing_lines,
            )
            return await _streams(trial, wanted)
    finally:
        await source.close()


async def _streams(trial: Trial, wanted: Sequence[str]) -> int:
    passed = failed = 0
    for place, name in enumerate(wanted):
        stream = load(name, trial.run)
        _say(f"\n{name}: {stream.promise}\n  {stream.zh}")
        try:
            points = await trial.stream(stream)
        except Stopped as reason:
            _tell(Point("the consumer goes on", str(reason)))
            left = ", ".join(wanted[place + 1 :])
            _say(f"\nFAILED  the consumer stands still at {name}" + (f"; not tried: {left}" if left else ""))
            return 1
        for point in points:
            _tell(point)
            passed, failed = passed + point.passed, failed + (not point.passed)
    _say(f"\n{'FAILED' if failed else 'PASSED'}  {passed} points passed, {failed} failed")
    return 1 if failed else 0


def _tell(point: Point) -> None:
    _say(f"  ok      {point.what}" if point.passed else f"  FAILED  {point.what}: {point.wrong}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m testkit", description=__doc__.partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--topic", required=True, help="a topic for this test, which your consumer reads")
    parser.add_argument(
        "--make-topic", type=int, metavar="PARTITIONS", help="make it first, unless it is there"
    )
    parser.add_argument(
        "--applied",
        required=True,
        help="where your consumer lists what it has applied: an http(s) address or a file of JSON lines (README.md)",
    )
    parser.add_argument("--streams", help=f"only these, with commas; there are {', '.join(names())}")
    parser.add_argument(
        "--within", type=float, default=20.0, help="seconds to wait at each step (default: 20)"
    )
    parser.add_argument(
        "--no-missing-lines", action="store_true", help="your consumer does not list what it misses"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.streams.split(",") if arguments.streams else ()) - set(names())
    if unknown:
        parser.error(f"there is no stream {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    access = access_of(parser, arguments)
    try:
        return asyncio.run(run(arguments, access))
    except (KafkaError, OSError, NoListing) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
