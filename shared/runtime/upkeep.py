"""The jobs that every service has, since every service has these tables."""

from collections.abc import Sequence
from datetime import time, timedelta

from shared.jobs import Job
from shared.messaging.local.log import LocalLog
from shared.messaging.partitions import keep_partitions
from shared.runtime.service import Runtime, S
from shared.web import trim_idempotency_keys

_DAY = timedelta(days=1)


def upkeep(runtime: Runtime[S]) -> Sequence[Job]:
    """Partitions of outbox and inbox, old idempotency keys, and old records of the local log (Kafka keeps its own)."""

    async def partitions() -> None:
        await keep_partitions(runtime.database, runtime.clock(), outbox_days=runtime.settings.outbox_days)

    async def idempotency_keys() -> None:
        await trim_idempotency_keys(runtime.database, runtime.clock)

    async def local_log() -> None:
        if isinstance(runtime.log, LocalLog):
            await runtime.log.trim(runtime.clock() - runtime.settings.log_retention)

    return [
        Job("message-partitions", timedelta(hours=6), partitions),
        Job("idempotency-keys", _DAY, idempotency_keys, at=time(3, 10)),
        Job("local-log", _DAY, local_log, at=time(3, 40)),
    ]
