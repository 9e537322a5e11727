"""`python -m services.<name> rewrap`: all data keys under the current master key. One-shot, beside running processes.

It works as the service's own account, so row-level security holds for it too; it goes through the communities of the
list and those that ever published an event here. `longxi secrets remove-master-key` asks the databases once more, over
all of them, before it takes a key out.
"""

import sys

from shared.database import Database, Keyring
from shared.database.rewrapping import rewrap, tenants_with_events
from shared.runtime.service import S, Service
from shared.tenants import Tenants


async def run(service: Service[S], settings: S) -> int:
    """The exit code: 0 when nothing is under another key, 1 when something is."""
    if settings.master_key_file is None or not service.wrapped:
        sys.stdout.write(f"{service.name} holds no wrapped keys\n")
        return 0
    keyring = Keyring.load(settings.master_key_file)
    database = Database(settings.database_url, pool=2, application=f"longxi-{service.name}-rewrap")
    await database.start()
    try:
        tenants = {*Tenants.load(settings.tenants_file), *await tenants_with_events(database)}
        result = await rewrap(database, keyring, service.wrapped, sorted(tenants))
    finally:
        await database.stop()
    sys.stdout.write(f"{service.name}: {result.done} keys are now under master key {keyring.current!r}\n")
    if not result.left:
        sys.stdout.write(f"{service.name}: no key is under another one\n")
        return 0
    for name, keys in sorted(result.left.items()):
        sys.stdout.write(f"{service.name}: {keys} keys are under {name!r}\n")
    sys.stdout.write(
        "not done: some process still seals under an older key (start all of them again), or the key file lacks a key\n"
    )
    return 1


__all__ = ["run"]
