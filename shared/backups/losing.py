"""What was lost: events that the log still has and no outbox knows any more, since they came after the backup.

Their facts are gone, save for what others keep. The list says which aggregates are concerned, so that people can be
asked, and erasures done again. It holds ids, types and times, nothing personal, like the events themselves.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from shared.backups.cutting import Connection, connected
from shared.backups.installation import Target
from shared.backups.offsets import Log
from shared.contracts.catalogue import TOPICS
from shared.messaging.envelope import Envelope, Malformed

ERASED = "resident.erased"
_AT_ONCE = 1000
_CLOCKS = timedelta(minutes=5)
"""The log's clock and the database's may differ by so much; what was published before is known to the outbox."""
_KNOWN = "SELECT id FROM outbox WHERE id = ANY ($1)"


@dataclass(slots=True)
class Lost:
    by_type: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    """One event each, as JSON."""

    def write(self, file: Path) -> None:
        file.write_text("".join(f"{line}\n" for line in self.lines))


async def lost_since(log: Log, moment: datetime, targets: Sequence[Target]) -> Lost:
    """Events of these services that were published at the moment or later. Raises BackupFailed."""
    services = {target.service for target in targets}
    topics = [topic for topic in TOPICS if topic.split(".", 1)[0] in services]
    lost = Lost()
    waiting: dict[UUID, tuple[str, Envelope]] = {}
    async with AsyncExitStack() as open_things:
        outboxes = {
            target.service: await open_things.enter_async_context(connected(target.url()))
            for target in targets
        }
        async with aclosing(log.since(moment - _CLOCKS, topics)) as records:
            async for record in records:
                with suppress(Malformed):
                    envelope = Envelope.from_record(record)
                    waiting[envelope.id] = (record.topic, envelope)
                if len(waiting) >= _AT_ONCE:
                    await _sort_out(waiting, outboxes, lost)
        await _sort_out(waiting, outboxes, lost)
    return lost


async def _sort_out(
    waiting: dict[UUID, tuple[str, Envelope]], outboxes: Mapping[str, Connection], lost: Lost
) -> None:
    known: set[UUID] = set()
    for service, outbox in outboxes.items():
        of_service = [id for id, (topic, _) in waiting.items() if topic.startswith(f"{service}.")]
        known.update(row["id"] for row in await outbox.fetch(_KNOWN, of_service))
    for id, (topic, envelope) in waiting.items():
        if id in known:
            continue
        lost.by_type[envelope.type] += 1
        said = {
            "id": str(id),
            "topic": topic,
            "type": envelope.type,
            "tenant": envelope.tenant,
            "aggregate": str(envelope.subject),
            "sequence": envelope.sequence,
            "time": envelope.time.isoformat(),
        }
        lost.lines.append(json.dumps(said))
    waiting.clear()


__all__ = ["ERASED", "Lost", "lost_since"]
