"""The declared list of topics and users, `deploy/kafka/topics.toml`."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

_NAME = re.compile(r"[a-z][a-z0-9.-]{0,99}")
Group = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{0,62}\*?)$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Topic(_Entry):
    partitions: int = Field(ge=1, le=1000)
    retention_days: int = Field(ge=1, le=3650)
    cleanup: Literal["delete", "compact"] = "delete"


class Limits(_Entry):
    """Of one user, at each broker; what is beyond is slowed down. Kafka's own names are in `quotas.py`."""

    read_bytes_per_second: int = Field(ge=1024, le=2**40)
    write_bytes_per_second: int = Field(ge=1024, le=2**40)
    request_percent: float = Field(gt=0, le=10_000)
    """Of one thread's time; a broker has `num.io.threads` + `num.network.threads`, 11 by default."""


class User(_Entry):
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    """Consumer groups; a name that ends in `*` is a prefix."""
    limits: Limits | None = None


class _File(_Entry):
    topics: Mapping[str, Topic]
    users: Mapping[str, User]


@dataclass(frozen=True, slots=True)
class Declared:
    topics: Mapping[str, Topic]
    users: Mapping[str, User]

    @classmethod
    def load(cls, path: Path) -> "Declared":
        """Raises OSError, or ValueError that names the entry at fault."""
        try:
            content = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"{path.name}: {place}: {first['msg']}") from None
        for name in (*content.topics, *content.users):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{path.name}: {name!r} is no name of a topic or user")
        for user, rights in content.users.items():
            for topic in (*rights.writes, *rights.reads):
                if topic not in content.topics:
                    raise ValueError(
                        f"{path.name}: users.{user} names the topic {topic!r}, which is not declared"
                    )
        return cls(content.topics, content.users)


__all__ = ["Declared", "Limits", "Topic", "User"]
