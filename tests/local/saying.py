"""A program for the tests of the fork server: says what it was told, and an id; `exit CODE` ends it, `stay` does not."""

import os
import sys
import time

from shared.database.ids import new_id

print(sys.argv[1:], os.environ.get("TOLD"), new_id(), os.getpid(), flush=True)
if sys.argv[1] == "stay":
    time.sleep(600)
sys.exit(int(sys.argv[2]))
