"""How a client reaches the brokers, proves who it is, and checks whom it talks to: the options that every tool takes.

From outside, Longxi's Kafka is reached by `sasl_ssl` with a user's name and password (SCRAM-SHA-512) and the certificate
of the authority that signed the broker's.
"""

import argparse
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECURITY = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class Access:
    servers: str
    """`host:port`, several with commas."""
    security: str = "plaintext"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    """Certificates (PEM) that the brokers' own have to descend from; without it those that the system trusts."""

    def clients(self) -> Mapping[str, Any]:
        """Arguments of every client of aiokafka."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.servers,
            "security_protocol": self.security.upper(),
        }
        if self.security.startswith("sasl"):
            arguments |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password,
            }
        if self.security.endswith("ssl"):
            arguments["ssl_context"] = ssl.create_default_context(cafile=self.ca)
        return arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("Kafka")
    group.add_argument("--bootstrap-servers", required=True, help="host:port, several with commas")
    group.add_argument("--security", choices=SECURITY, default="plaintext")
    group.add_argument("--username")
    group.add_argument("--password-file", type=Path, help="a file that holds the password and nothing else")
    group.add_argument("--ca", type=Path, help="certificate (PEM) of the authority of the brokers")


def access_of(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> Access:
    """Ends the program with a word on what is missing."""
    password = None
    if arguments.security.startswith("sasl"):
        if not arguments.username or not arguments.password_file:
            parser.error(f"--security {arguments.security} needs --username and --password-file")
        password = _content(parser, arguments.password_file)
    if arguments.ca is not None and not arguments.ca.is_file():
        parser.error(f"--ca: there is no file {arguments.ca}")
    return Access(arguments.bootstrap_servers, arguments.security, arguments.username, password, arguments.ca)


def _content(parser: argparse.ArgumentParser, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        parser.error(f"{path} cannot be read: {error.strerror}")
