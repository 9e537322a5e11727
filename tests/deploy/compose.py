"""The whole platform in containers, as an operator runs it: `make test-compose`.

Builds every image with no registry, brings the stack up, and then does to it what happens in years of running: a request
followed to the mail and the webhook, the district's own access and its limits, every container restarted with requests on
the way, an upgrade in place, a backup, the loss of everything, a restore. Ends with nothing left behind. Exits with 1 where
something failed, with 3 where there is no Docker engine and none could be had.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.deploy import steps
from tests.deploy.engine import Engine, NoEngine, engine
from tests.deploy.people import Community
from tests.deploy.stack import REPOSITORY, Stack

NO_ENGINE = 3


def main() -> int:
    parser = argparse.ArgumentParser(description="Try the compose stack whole")
    parser.add_argument("--only", action="append", help="steps to do, beside those that every other needs")
    parser.add_argument(
        "--keep", action="store_true", help="leave the stack and the engine's data for a look"
    )
    given = parser.parse_args()
    packages = Path(os.environ.get("LONGXI_ENGINE_HOME") or REPOSITORY / "build" / "engine")
    try:
        with ExitStack() as open_things:
            docker = open_things.enter_context(engine(packages))
            return _try(docker, set(given.only or ()), keep=given.keep)
    except NoEngine as reason:
        sys.stdout.write(f"compose test not run: {reason}\n")
        return NO_ENGINE


def _try(docker: Engine, only: set[str], *, keep: bool) -> int:
    version = _version()
    folder = Path(tempfile.mkdtemp(prefix="longxi-compose-"))
    folder.chmod(0o755)
    stack = Stack(docker, folder, f"longxi-test-{os.getpid()}", version)
    community = Community(stack)
    tried = Tried()
    needed: list[tuple[str, Callable[[], None]]] = [
        ("images", lambda: steps.build_images(docker)),
        ("secrets", stack.make_ready),
        ("up", stack.up),
        ("community", community.settle_in),
    ]
    others: list[tuple[str, Callable[[], None]]] = [
        ("refuses", lambda: steps.weak_secrets_are_refused(stack)),
        ("gateway", lambda: steps.gateway_lets_through_what_it_should(stack)),
        ("follow", lambda: steps.a_request_is_followed(stack, community)),
        ("district", lambda: steps.the_district_reads_what_it_may(stack, community)),
        ("confined", lambda: steps.containers_are_confined(stack)),
        ("scale", lambda: steps.more_workers_share(stack, community)),
        ("restarts", lambda: steps.every_container_restarts(stack, community)),
        ("upgrade", lambda: steps.an_upgrade_in_place(stack, community)),
        ("restore", lambda: steps.everything_is_lost_and_restored(stack, community)),
    ]
    try:
        for name, step in needed:
            with tried.step(name):
                step()
            if tried.failed:
                return tried.end()
        for name, step in others:
            if not only or name in only:
                with tried.step(name):
                    step()
    finally:
        if keep:
            sys.stdout.write(f"kept: {folder}, project {stack.project}\n")
        else:
            with tried.step("nothing left"):
                stack.clear()
                steps.nothing_is_left(stack)
    return tried.end()


class Tried:
    """What was tried, how long it took, and what failed."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except (AssertionError, RuntimeError, OSError, ValueError, KeyError, subprocess.SubprocessError):
            self.failed += 1
            traceback.print_exc()
            verdict = "FAILED"
        else:
            self.passed += 1
            verdict = "passed"
        sys.stdout.write(f"{name:14} {verdict} {time.monotonic() - began:6.1f} s\n")
        sys.stdout.flush()

    def end(self) -> int:
        sys.stdout.write(f"compose: {self.passed} passed, {self.failed} failed\n")
        return 1 if self.failed else 0


def _version() -> str:
    line = next(
        line
        for line in (REPOSITORY / "pyproject.toml").read_text().splitlines()
        if line.startswith("version = ")
    )
    return line.split('"')[1]


if __name__ == "__main__":
    sys.exit(main())
