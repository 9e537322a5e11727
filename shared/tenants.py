"""The communities (社区) that this platform serves. Each is a tenant with numbers of its own.

They come from a TOML file, so that adding a community is a change that an operator reviews:

    [longxi]
    name_zh = "龙溪社区"
    name_en = "Longxi"
    [longxi.casework]
    over_cap = "queue"

The tables below a tenant belong to the features, which read them into policies with the defaults of the domain.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from shared.refusals import Refusal

_ID = re.compile(r"^[a-z][a-z0-9-]{1,30}$")


class UnknownTenant(Refusal):
    status = 403
    type = "unknown-tenant"
    zh = "没有这个社区。"
    en = "There is no such community."


@dataclass(frozen=True, slots=True)
class Tenant:
    id: str
    name_zh: str
    name_en: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """A table of settings for each service that wants one."""


class Tenants(Mapping[str, Tenant]):
    """All tenants by id. Looking up one that does not exist raises UnknownTenant."""

    def __init__(self, tenants: Mapping[str, Tenant]) -> None:
        self._tenants = MappingProxyType(dict(tenants))

    @classmethod
    def load(cls, path: Path | None) -> "Tenants":
        """Read the file; without one there is the single tenant `longxi`.

        Raises ValueError that names the tenant and the field at fault.
        """
        if path is None:
            return cls({"longxi": Tenant("longxi", "龙溪社区", "Longxi")})
        with path.open("rb") as file:
            tables = tomllib.load(file)
        if not tables:
            raise ValueError(f"{path.name}: no tenant is defined")
        return cls({id: _tenant(id, table) for id, table in tables.items()})

    def __getitem__(self, id: str) -> Tenant:
        try:
            return self._tenants[id]
        except KeyError:
            raise UnknownTenant from None

    def __contains__(self, id: object) -> bool:
        return id in self._tenants

    def __iter__(self) -> Iterator[str]:
        return iter(self._tenants)

    def __len__(self) -> int:
        return len(self._tenants)


def _tenant(id: str, table: object) -> Tenant:
    if not _ID.match(id):
        raise ValueError(f"tenant {id!r}: an id is 2 to 31 lower-case letters, digits and hyphens")
    if not isinstance(table, dict):
        raise ValueError(f"tenant {id!r}: expected a table")
    names: dict[str, str] = {}
    settings: dict[str, Mapping[str, Any]] = {}
    for key, value in table.items():
        if key in {"name_zh", "name_en"} and isinstance(value, str):
            names[key] = value
        elif isinstance(value, dict):
            settings[key] = MappingProxyType(value)
        else:
            raise ValueError(f"tenant {id!r}: unknown setting {key!r}")
    if "name_zh" not in names:
        raise ValueError(f"tenant {id!r}: name_zh is missing")
    return Tenant(id, names["name_zh"], names.get("name_en", names["name_zh"]), settings)
