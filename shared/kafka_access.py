"""How clients reach Kafka's brokers, prove who they are, and check whom they talk to."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

Security = Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]
MECHANISM = "SCRAM-SHA-512"
"""RFC 7677's scheme with SHA-512, as Kafka names it: the broker keeps no password, only what checks one."""


def security_named(name: str) -> Security:
    """Raises ValueError for one that is none."""
    for known in get_args(Security):
        if name == known:
            return cast(Security, known)
    raise ValueError(f"security has to be one of {', '.join(get_args(Security))}")


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """The default is what a broker on the same machine wants: nothing."""

    security: Security = "plaintext"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    """Certificates (PEM) that the brokers' own have to descend from; without it those that the system trusts."""

    def __post_init__(self) -> None:
        if self.by_password and not (self.username and self.password):
            raise ValueError(f"security {self.security} needs a user name and a password")

    @property
    def by_password(self) -> bool:
        return self.security in {"sasl_plaintext", "sasl_ssl"}

    @property
    def encrypted(self) -> bool:
        return self.security in {"ssl", "sasl_ssl"}

    def clients(self, servers: str) -> Mapping[str, Any]:
        """Arguments of every client of aiokafka. Raises OSError where the certificates cannot be read."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": servers,
            "security_protocol": self.security.upper(),
        }
        if self.by_password:
            arguments |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.encrypted:
            arguments["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        return arguments
