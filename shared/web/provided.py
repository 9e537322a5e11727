"""What main.py made, asked for by type: `calendar: Annotated[WorkCalendar, provided(WorkCalendar)]`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant


class NotProvided(Exception):
    """A route asks for what main.py did not provide."""


@dataclass(frozen=True, slots=True)
class _Provided:
    kind: type[Any]

    async def __call__(self, request: Request) -> Any:
        return request.app.state.provided[self.kind]


def provided(kind: type[Any]) -> Any:
    """Marks a parameter of a route. The application does not start without an object of this type."""
    return Depends(_Provided(kind))


def by_type(objects: Iterable[object]) -> Mapping[type[Any], object]:
    """Each object under its class and its bases. Raises ValueError where two would answer to the same class."""
    found: dict[type[Any], object] = {}
    for thing in objects:
        if type(thing) in found:
            raise ValueError(f"two objects of type {type(thing).__name__} are provided")
        found[type(thing)] = thing
    for thing in list(found.values()):
        for base in type(thing).__mro__[1:-1]:
            found.setdefault(base, thing)
    return found


def check_provided(dependant: Dependant, available: Mapping[type[Any], object], path: str) -> None:
    """Raises NotProvided that names the route and the type."""
    for dependency in dependant.dependencies:
        call = dependency.call
        if isinstance(call, _Provided) and call.kind not in available:
            raise NotProvided(f"{path} asks for {call.kind.__name__}, which is not among `provides`")
        check_provided(dependency, available, path)


__all__ = ["NotProvided", "by_type", "check_provided", "provided"]
