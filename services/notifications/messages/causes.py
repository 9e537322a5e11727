"""Our events go on where the event that was told of stopped: same correlation, same trace, caused by it."""

from datetime import UTC, datetime

from sqlalchemy import RowMapping

from shared.messaging.envelope import Envelope

_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def cause(row: RowMapping) -> Envelope:
    """As much of that event's envelope as was kept: `event_id, event, about, correlation, traceparent`."""
    return Envelope(
        id=row["event_id"],
        source="",
        type=row["event"],
        time=_ANY_TIME,
        subject=row["about"],
        tenant="",
        sequence=0,
        correlation=row["correlation"],
        causation=None,
        traceparent=row["traceparent"],
        dataschema="",
        data=b"",
    )
