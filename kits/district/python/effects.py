"""What this example does with events: it keeps the state of every request. Put your own in its place.

Runs in the inbox's transaction, once for each event, in the order of the subject. Only write to your own tables here;
what goes out of the house (a call, a message) belongs into a table that another loop works through.
"""

from collections.abc import Mapping
from typing import Any

from longxi_district.events import Event
from python.stores import Transaction

_STATES = {
    "request.filed": "filed",
    "request.accepted": "accepted",
    "request.rejected": "rejected",
    "request.duplicated": "duplicate",
    "request.withdrawn": "withdrawn",
    "request.reworked": "rework",
    "request.redispatched": "dispatched",
    "request.closed": "closed",
    "request.reopened": "reopened",
    "request.rated": "rated",
}
"""By the type of the event."""
_NEWEST_VERSION = 1
_KEEP = """
INSERT INTO request (request, tenant, state, due, moves) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (request) DO UPDATE
SET state = excluded.state, due = coalesce(excluded.due, request.due), moves = request.moves + 1"""


class BadData(Exception):
    """The data lacks what its contract promises."""


def understood(event: Event) -> bool:
    """Whether this program knows what the event says. Events of other topics it would keep for other effects."""
    return event.type in _STATES and event.version <= _NEWEST_VERSION


def checked(event: Event) -> Mapping[str, Any]:
    """The data, as far as it is needed here. Raises BadData."""
    try:
        fields = event.fields()
    except ValueError:
        raise BadData("the data is no JSON object") from None
    if fields.get("request") != event.subject:
        raise BadData("request is not the event's subject")
    return fields


async def apply_to_tables(transaction: Transaction, event: Event, fields: Mapping[str, Any]) -> None:
    due = fields.get("due")
    await transaction.rows(_KEEP, event.subject, event.tenant, _STATES[event.type], due)
