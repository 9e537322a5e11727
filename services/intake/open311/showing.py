"""Requests as everybody may see them: codes in words, times, the name of a place, and nothing that somebody said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.intake.open311.rules import Service, Status, service_code_of, status_of
from services.intake.open_data.rules import Publishing
from services.intake.requests.rules import State
from services.intake.requests.tables import Request, StoryEntry
from services.intake.wire import word
from shared.contracts.vocabulary import name
from shared.refusals import Language
from shared.tenants import Tenant

_REASONS = {State.REJECTED: "rejection_reason"}
_UNSAID = frozenset({"told", "not_told", "late"})
"""Entries of a story that are about people or about the platform rather than about the matter."""


def service_line(service: Service, *, metadata: bool) -> dict[str, Any]:
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": metadata,
        # The number is given at once, so nobody has to come back with a token.
        "type": "realtime",
        "keywords": ", ".join(service.keywords),
        "group": service.group,
    }


def request_line(
    row: Request, updated: datetime, *, tenant: Tenant, publishing: Publishing, language: Language
) -> dict[str, Any]:
    """The fields of GeoReport v2, GET Service Requests, in its order. `updated`: the last entry of its story."""
    code = service_code_of(row.category or "")
    state = State(row.state)
    if status_of(state) is Status.CLOSED and row.closed is not None:
        updated = row.closed
    return {
        "service_request_id": row.reference,
        "status": status_of(state).value,
        "status_notes": notes(row, language),
        "service_name": name("category", code, language),
        "service_code": code,
        "description": None,
        "agency_responsible": tenant.name_zh if language == "zh" else tenant.name_en,
        "service_notice": None,
        "requested_datetime": written(row.filed),
        "updated_datetime": written(updated),
        "expected_datetime": written(row.handle_due),
        "address": row.place if publishing.places else None,
        "address_id": None if row.grid is None else str(row.grid),
        "zipcode": None,
        "lat": None,
        "long": None,
        "media_url": None,
    }


def extended(row: Request, story: Sequence[StoryEntry], language: Language) -> dict[str, Any]:
    """What `extensions=true` adds (http://wiki.open311.org/GeoReport_v2/Extensions)."""
    return {
        "extended_attributes": {
            "channel": row.channel,
            "state": row.state,
            "category": row.category,
            "category_name": word("category", row.category, language),
            "urgency": row.urgency,
            "grid": None if row.grid is None else str(row.grid),
            "due_provisional": row.handle_provisional,
            "within_limit": row.within_limit,
        },
        "notes": [
            {
                "datetime": written(entry.at),
                "description": name("request_entry", entry.entry, language),
                "type": entry.entry,
            }
            for entry in story
            if entry.entry not in _UNSAID
        ],
    }


def notes(row: Request, language: Language) -> str:
    """The state in words, and why it is one of those that need a reason."""
    state = State(row.state)
    told = [name("request_state", row.state, language)]
    if state in _REASONS and row.reason is not None:
        told.append(name(_REASONS[state], row.reason, language))
    if state in {State.CLOSED, State.RATED} and row.outcome is not None:
        told.append(name("outcome", row.outcome, language))
    return ("：" if language == "zh" else ": ").join(told)


def written(at: datetime) -> str:
    """A time as the standard wants it: `2010-01-01T00:00:00Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
