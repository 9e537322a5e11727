"""Imported first by a service's process: what it would load for a terminal that it has not.

structlog and httpx load rich and pygments where they find them, for coloured tracebacks and a command line. That is
4 MB in every process, and a share of each start.
"""

import sys

for _unwanted in ("rich", "pygments"):
    # As if it were not installed; both ask for it with a `try`.
    sys.modules.setdefault(_unwanted, None)  # type: ignore[arg-type]  # what the import system takes for "not there"
