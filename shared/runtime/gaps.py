"""Asking another service, over HTTP, to send events again that did not arrive."""

from uuid import UUID

from shared.retrying import outside
from shared.runtime.service import Runtime, S


class AskOwner:
    """The inbox's `ask_for`: a replay of the missing range, requested of the service that owns the topic."""

    def __init__(self, runtime: Runtime[S]) -> None:
        self._runtime = runtime

    async def __call__(
        self, *, tenant: str, topic: str, aggregate: UUID, from_sequence: int, to_sequence: int
    ) -> int:
        """How many events the owner will send. Raises what kept the question from arriving."""
        owner = topic.split(".", 1)[0]
        answer = await outside(
            owner,
            lambda: self._runtime.http.post(
                f"{self._runtime.settings.url_of(owner)}/v1/operations/replay",
                json={
                    "topic": topic,
                    "aggregate": str(aggregate),
                    "from_sequence": from_sequence,
                    "to_sequence": to_sequence,
                },
                headers=self._runtime.tokens.headers(tenant),
            ),
        )
        answer.raise_for_status()
        events: int = answer.json()["events"]
        return events
