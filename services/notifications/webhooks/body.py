"""The body of a webhook: the event as CloudEvents 1.0 has it in JSON, with the two fields of Standard Webhooks."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from services.notifications.telling.drafts import Heard
from services.notifications.webhooks.rules import TEST_EVENT
from shared.contracts.catalogue import BY_TYPE


def body_of(event: Heard, tenant: str) -> bytes:
    """Ids, codes, times and numbers: events hold nothing else."""
    return _body(
        event.type, id=event.id, subject=event.subject, time=event.time, tenant=tenant, data=dict(event.data)
    )


def trial_body(id: UUID, webhook: UUID, now: datetime, tenant: str) -> bytes:
    """What a test send carries: shaped as an event, about the webhook itself."""
    return _body(TEST_EVENT, id=id, subject=webhook, time=now, tenant=tenant, data={"webhook": str(webhook)})


def _body(type: str, *, id: UUID, subject: UUID, time: datetime, tenant: str, data: dict[str, Any]) -> bytes:
    contract = BY_TYPE.get(type)
    owner = contract.owner if contract else "notifications"
    moment = time.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": str(id),
            "source": f"urn:longxi:service:{owner}",
            "type": type,
            "time": moment,
            "timestamp": moment,
            "subject": str(subject),
            "tenant": tenant,
            "datacontenttype": "application/json",
            **({"dataschema": contract.dataschema()} if contract else {}),
            "data": data,
        }
    )
