"""The process that the services are forked from: it loads what they all stand on once, and each begins with it loaded.

    python -m shared.local.forking NAME MODULE...

Eight processes that load the same libraries one by one take a small machine ten seconds and keep eight copies of them
in memory; forked, they take the time of one, and share the pages that nobody writes to. Orders come as lines of JSON
on stdin, answers go to stdout in the same way (`fork_server`). It has one thread and no event loop, for a fork takes
along only the thread that forks. At the end of stdin it ends; what it started goes on.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Any

_COMM_BYTES = 15  # what the kernel keeps of a process' name

Order = Mapping[str, Any]
"""`words`: a module and its arguments; `environment`; `log`: the file of its output; `name`."""


def serve() -> Order | None:
    """Fork for each order. In the forked process: that order; in this one: None, when no more orders come."""
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    unread = b""
    with DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), EVENT_READ)
        selector.register(woken, EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            if woken in ready:
                os.read(woken, 4096)
                _tell_the_ended()
            if sys.stdin.fileno() in ready:
                some = os.read(sys.stdin.fileno(), 65536)
                if not some:
                    return None
                *lines, unread = (unread + some).split(b"\n")
                for line in lines:
                    order: Order = json.loads(line)
                    pid = os.fork()
                    if pid == 0:
                        signal.set_wakeup_fd(-1)
                        os.close(woken)
                        os.close(wake)
                        return order
                    _answer({"started": pid})


def _tell_the_ended() -> None:
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            _answer({"ended": ended[0], "code": os.waitstatus_to_exitcode(ended[1])})


def _answer(said: Mapping[str, int]) -> None:
    with suppress(BrokenPipeError):  # then stdin is at its end too
        os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")


def become(order: Order) -> None:
    """Do what the order says, as if this process had been started for it."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for there, here in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(there, here)
    os.close(nothing)
    os.close(log)
    os.environ.update(order["environment"])
    with suppress(OSError):
        Path("/proc/self/comm").write_bytes(order["name"].encode()[:_COMM_BYTES])
    module, *arguments = order["words"]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def main() -> None:
    for module in sys.argv[2:]:
        importlib.import_module(module)
    if threading.active_count() > 1:
        raise RuntimeError("a library started a thread when it was loaded; forking would lose it")
    gc.collect()
    gc.freeze()  # or the first collection of each process would write to the pages that they share
    order = serve()
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
