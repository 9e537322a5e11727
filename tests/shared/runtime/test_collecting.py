"""What a process does not use goes back to the system while it serves."""

import os
import subprocess
import sys

import pytest

_PROGRAM = """
import asyncio, gc, psutil
from shared.runtime.collecting import memory_kept_small

class Cycle:
    def __init__(self):
        self.me, self.buffer = self, b"x" * 30_000

async def main():
    async with memory_kept_small(every=0.05):
        kept, cycles = [], []
        for _ in range(2000):
            cycles.append(Cycle())
            kept.append(b"x" * 700)  # between two that go, so that the heap cannot shrink at its end
        full = psutil.Process().memory_full_info().uss
        gc.disable()  # nobody but what is tried here collects
        del cycles
        await asyncio.sleep(1)
        print(full - psutil.Process().memory_full_info().uss)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "confstr"), reason="asks which C library this is")
def test_garbage_between_what_stays_goes_back_to_the_system() -> None:
    """60 MB of cycles, each beside something that stays."""
    if "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""):
        pytest.skip("only glibc gives back what lies between")
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 20_000_000
