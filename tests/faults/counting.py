"""What the workers' metrics count, over their deaths: a process that is killed takes its numbers with it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

_EVERY_SECONDS = 2.0
_WANTED: Mapping[str, tuple[str, str]] = {
    "longxi_inbox_events_total": ("outcome", "events "),
    "longxi_inbox_batches_again_total": ("", "batches tried again"),
    "longxi_message_attempts_total": ("end", "attempts at a message: "),
    "longxi_message_writes_refused_total": ("", "ends of attempts that came too late"),
}
"""By metric: the label that splits it, and what it is called here."""


class Counting:
    """Looks at each worker every two seconds; what a process counted after the last look is not known."""

    def __init__(self, workers: Mapping[str, str]) -> None:
        """`workers`: by service, the base URL of its health and metrics."""
        self._workers = workers
        self._last: dict[tuple[str, str], float] = {}
        self._task: asyncio.Task[None] | None = None
        self.total: dict[str, float] = defaultdict(float)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_looking())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_looking(self) -> None:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as http:
            while True:
                for service, url in self._workers.items():
                    with suppress(httpx.TransportError):
                        self._note(service, (await http.get(f"{url}/metrics")).text)
                await asyncio.sleep(_EVERY_SECONDS)

    def _note(self, service: str, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                wanted = _WANTED.get(sample.name)
                if wanted is None:
                    continue
                name = f"{wanted[1]}{sample.labels.get(wanted[0], '')}".strip()
                place = (f"{service} {sample.name} {sorted(sample.labels.items())}", name)
                before = self._last.get(place, 0.0)
                # Less than before: another process, which began at nothing.
                self.total[name] += sample.value - (before if sample.value >= before else 0.0)
                self._last[place] = sample.value
