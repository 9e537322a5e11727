"""The event log: what the platform asks of Apache Kafka, and nothing more, so that a second log can give it too.

Delivery is at least once. A record is delivered again when a member dies, stalls or is fenced between `read` and
`commit`, and stored twice when a publisher that got `LogUnavailable` tries again. Readers know records by their id.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

from shared.kafka_access import KafkaAccess
from shared.messaging.records import Record, TopicPartition

DEFAULT_PARTITIONS = 6


class LogError(Exception):
    """Something that the log could not do."""


class LogUnavailable(LogError):
    """The log's server did not answer in time. What was asked may or may not have happened: ask again."""


class Fenced(LogError):
    """The member lost partitions since it read: nothing of the batch is committed, all of it will be read again."""


class RecordTooLarge(LogError):
    """A record is over MAX_RECORD_BYTES. Nothing of its batch was published. `position` is its place in the batch."""

    def __init__(self, position: int, size: int, limit: int) -> None:
        super().__init__(f"record {position} of the batch has {size} bytes, the limit is {limit}")
        self.position = position
        self.size = size


class UnknownTopic(LogError):
    """A topic that nobody made; `ensure_topics` makes it."""


@dataclass(frozen=True, slots=True)
class LogOptions:
    """Times in seconds unless they say otherwise."""

    session_timeout: float = 20.0
    """A member whose heartbeat was not heard for so long is dead. Kafka's broker refuses less than 6 by default."""
    heartbeat: float = 1.0
    """How often a member says that it lives; also how soon it hears of a rebalance on Kafka."""
    max_processing: float = 300.0
    """A member that did not read or commit for so long is stuck, however well its heart beats; it leaves the group."""
    handover: float = 15.0
    """At a rebalance a member may finish and commit its batch for so long before its partitions are taken."""
    publish_timeout: float = 30.0
    commit_timeout: float = 30.0
    connect_timeout: float = 30.0
    """How long `start` waits for a server that is still on its way up."""
    retention: timedelta = timedelta(days=14)
    """How long a topic keeps its records. Set on Kafka when the topic is made; the local log drops older ones on `trim`."""
    replication: int = 3
    """Copies of a new topic on Kafka; as many as there are brokers if those are fewer."""
    topics_seen: float = 10.0
    """How soon clients of Kafka see topics and partitions that were made, even where they had been told there were none."""
    access: KafkaAccess = field(default_factory=KafkaAccess)
    """How Kafka's brokers are reached."""


class Reader(Protocol):
    """One member of a consumer group; an async context manager. Not to be shared by tasks.

    While the log is away, `read` gives nothing and the member reconnects by itself, with growing pauses.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the group; what was read and not committed goes to the other members at once."""

    async def read(self, max_records: int = 500, timeout: float = 1.0) -> Sequence[Record]:  # noqa: ASYNC109
        """Up to so many records, as soon as there is any; empty after `timeout` seconds without one.

        In order within a partition. Large records make a batch shorter (about 16 MB).
        """

    async def commit(self) -> None:
        """Note the place after everything that `read` returned so far. Raises Fenced, LogUnavailable."""


class EventLog(Protocol):
    """A log of records in topics, each a number of partitions."""

    async def start(self) -> None:
        """Raises LogUnavailable when no server answers within `connect_timeout`."""

    async def stop(self) -> None: ...

    async def ping(self) -> None:
        """For readiness. Raises LogUnavailable."""

    async def ensure_topics(self, topics: Sequence[str], partitions: int = DEFAULT_PARTITIONS) -> None:
        """Make those that are missing; one that exists keeps its partitions."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Return when all are stored durably, those of one key in the order given.

        Otherwise raises: RecordTooLarge and UnknownTopic before anything is stored, LogUnavailable when some may be.
        A record's own partition, offset and timestamp are not looked at.
        """

    def reader(self, group: str, topics: Sequence[str]) -> Reader:
        """A new member of the group, which begins at the oldest record if the group is new. Makes missing topics."""

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        """Records behind the group's committed offset, for each partition of the topics that exist."""

    def tail(self, topics: Sequence[str], *, from_start: bool = False) -> AsyncGenerator[Record, None]:
        """Every record from now (or from the oldest) on, without a group, without end; survives a restart of the log."""


class LogSettings(Protocol):
    @property
    def kafka_bootstrap_servers(self) -> str | None: ...

    @property
    def local_log_url(self) -> str | None: ...


def open_log(settings: LogSettings, options: LogOptions | None = None) -> EventLog:
    """Apache Kafka where there is one, otherwise the local log in PostgreSQL. Start it before use."""
    # Imported here: only the one that is used, and both need the errors above.
    if settings.kafka_bootstrap_servers:
        from shared.messaging.kafka.log import KafkaLog  # noqa: PLC0415

        return KafkaLog(settings.kafka_bootstrap_servers, options or LogOptions())
    if settings.local_log_url:
        from shared.messaging.local.log import LocalLog  # noqa: PLC0415

        return LocalLog(settings.local_log_url, options or LogOptions())
    raise ValueError("no event log: set KAFKA_BOOTSTRAP_SERVERS, or LOCAL_LOG_URL for one in PostgreSQL")
