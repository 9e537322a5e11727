"""All contracts and all topics, found by walking the owners' modules."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from shared.contracts import casework, district, employment, intake, notifications
from shared.contracts.base import Event, Owner

_OWNERS: tuple[ModuleType, ...] = (intake, casework, employment, notifications, district)


def _events_of(module: ModuleType) -> list[type[Event]]:
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Event) and hasattr(item, "type") and item is not Event
    ]


EVENTS: tuple[type[Event], ...] = tuple(event for module in _OWNERS for event in _events_of(module))
"""Every contract, in the order of the modules."""

BY_TYPE: Mapping[str, type[Event]] = MappingProxyType({event.type: event for event in EVENTS})

TOPICS: tuple[str, ...] = (
    *(f"{owner}.events" for owner in Owner),
    "casework.restricted",
    "employment.restricted",
)
"""Every topic. Restricted ones exist from the first day, so that their access rules do too."""

SERVICES: tuple[str, ...] = tuple(owner.value for owner in Owner if owner is not Owner.DISTRICT)
"""The services of the platform, by the names under which they publish."""
