"""The whole platform in containers, as an operator runs it: `make test-compose`.

Builds every image with no registry, brings the stack up, and then does to it what happens in years of running: a request
followed to the mail and the webhook, the district's own access and its limits, every container restarted with requests on
the way, an upgrade in place, a backup, the loss of everything, a restore. Ends with nothing left behind. Exits with 1 where
something failed, with 3 where there is no Docker engine and none could be had.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.deploy import bundle, cluster, steps
from tests.deploy.engine import Engine, NoEngine, engine
from tests.deploy.people import Community
from tests.deploy.stack import REPOSITORY, Stack

NO_ENGINE = 3


def main() -> int:
    parser = argparse.ArgumentParser(description="Try the compose stack whole")
    parser.add_argument(
        "--only",
        action="append",
        help=f"steps to do, beside those that every other needs; {' and '.join(APART)} run only when they are named",
    )
    parser.add_argument(
        "--keep", action="store_true", help="leave the stack and the engine's data for a look"
    )
    given = parser.parse_args()
    only = set(given.only or ())
    packages = Path(os.environ.get("LONGXI_ENGINE_HOME") or REPOSITORY / "build" / "engine")
    apart = [try_out for name, try_out in APART.items() if name in only]
    tried = Tried()
    # Whoever ends it early, as a limit of time does, gets the machine back as it was.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        for try_out in apart:
            try_out(packages, tried)
        if not apart or only - set(APART):
            with engine(packages) as docker:
                _try(docker, tried, only, keep=given.keep)
    except NoEngine as reason:
        sys.stdout.write(f"compose test not run: {reason}\n")
        return NO_ENGINE
    return tried.end()


def _try(docker: Engine, tried: "Tried", only: set[str], *, keep: bool) -> None:
    with _stack(docker, tried, keep=keep) as (stack, community):
        others: list[tuple[str, Callable[[], None]]] = [
            ("refuses", lambda: steps.weak_secrets_are_refused(stack)),
            ("gateway", lambda: steps.gateway_lets_through_what_it_should(stack)),
            ("follow", lambda: steps.a_request_is_followed(stack, community)),
            ("district", lambda: steps.the_district_reads_what_it_may(stack, community)),
            ("confined", lambda: steps.containers_are_confined(stack)),
            ("scale", lambda: steps.more_workers_share(stack, community)),
            ("restarts", lambda: steps.every_container_restarts(stack, community)),
            ("rotate", lambda: steps.secrets_are_changed(stack, community)),
            ("upgrade", lambda: steps.an_upgrade_in_place(stack, community)),
            ("restore", lambda: steps.everything_is_lost_and_restored(stack, community)),
        ]
        if _all_pass(
            tried,
            ("images", lambda: steps.build_images(docker)),
            ("secrets", stack.make_ready),
            ("up", stack.up),
            ("community", community.settle_in),
        ):
            for name, step in others:
                if not only or name in only:
                    tried.do(name, step)


def _try_cluster(packages: Path, tried: "Tried") -> None:
    with engine(packages) as docker, _stack(docker, tried, keep=False) as (stack, community):
        _all_pass(
            tried,
            ("images", lambda: steps.build_images(docker)),
            ("secrets", lambda: cluster.make_ready(stack)),
            ("up", stack.up),
            ("community", community.settle_in),
            ("all there", lambda: cluster.all_are_there(stack)),
            ("broker", lambda: cluster.a_broker_is_killed(stack, community)),
            ("disk", lambda: cluster.a_broker_loses_its_disk(stack, community)),
            ("replica", lambda: cluster.the_replica_takes_over(stack, community)),
        )


def _try_bundle(packages: Path, tried: "Tried") -> None:
    archives: list[Path] = []
    version = _version()
    folder = Path(tempfile.mkdtemp(prefix="longxi-bundle-"))
    data = packages / "empty"
    try:
        with engine(packages) as docker:
            made = _all_pass(
                tried,
                ("images", lambda: steps.build_images(docker)),
                ("bundle", lambda: archives.append(bundle.make(docker, version))),
            )
        if made:
            with engine(packages, data=data) as docker:
                installed = bundle.Installed(
                    docker, folder / f"longxi-{version}", f"longxi-test-{os.getpid()}"
                )
                _all_pass(
                    tried,
                    ("unpack", lambda: bundle.carry_over(archives[0], folder)),
                    ("damaged", installed.damaged_files_are_refused),
                    ("install", installed.install),
                    ("file", installed.a_request_is_filed_and_told),
                    ("again", installed.installs_again),
                )
                tried.do("remove", installed.clear)
    finally:
        bundle.remove(folder, *archives)
        shutil.rmtree(data, ignore_errors=True)


APART: Mapping[str, Callable[[Path, "Tried"], None]] = {"cluster": _try_cluster, "bundle": _try_bundle}
"""Not part of a run of everything, which stays under ten minutes without them."""


@contextmanager
def _stack(docker: Engine, tried: "Tried", *, keep: bool) -> Iterator[tuple[Stack, Community]]:
    """One that does not run yet; afterwards nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="longxi-compose-"))
    folder.chmod(0o755)
    stack = Stack(docker, folder, f"longxi-test-{os.getpid()}", _version())
    try:
        yield stack, Community(stack)
    finally:
        if tried.failed:
            sys.stdout.write(stack.last_words())
        if keep:
            sys.stdout.write(f"kept: {folder}, project {stack.project}\n")
        else:
            tried.do("nothing left", lambda: _clear(stack))


def _clear(stack: Stack) -> None:
    stack.clear()
    steps.nothing_is_left(stack)


def _all_pass(tried: "Tried", *needed: tuple[str, Callable[[], object]]) -> bool:
    """One after the other, as long as they pass."""
    return all(tried.do(name, step) for name, step in needed)


class Tried:
    """What was tried, how long it took, and what failed."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def do(self, name: str, step: Callable[[], object]) -> bool:
        began = time.monotonic()
        try:
            step()
        except (
            AssertionError,
            RuntimeError,
            OSError,
            ValueError,
            LookupError,
            httpx.HTTPError,
            subprocess.SubprocessError,
        ):
            self.failed += 1
            traceback.print_exc()
            verdict = "FAILED"
        else:
            self.passed += 1
            verdict = "passed"
        sys.stdout.write(f"{name:14} {verdict} {time.monotonic() - began:6.1f} s\n")
        sys.stdout.flush()
        return verdict == "passed"

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
