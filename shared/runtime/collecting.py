"""Collecting garbage less often than Python does by itself.

A service has some 100 MB of modules, models and routes that live as long as the process. Python's collector walks
through all of it again and again while a batch of events or a request makes objects that reference counting frees
anyway: a quarter of an inbox's CPU. So what is there when a process begins to serve is left out from then on
(`gc.freeze`), and the young are looked at every 5,000 instead of every 700.
"""

import gc

_THRESHOLDS = (5000, 20, 20)


def collect_rarely() -> None:
    """Called once, when everything that stays is loaded and built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
