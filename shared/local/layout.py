"""Where the embedded default keeps things, and how the `longxi` command finds them: a folder, `.longxi` by default."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shared.contracts.catalogue import SERVICES

WANTED_PORTS: Mapping[str, int] = {
    "postgres": 8100,
    **{f"{service}-api": 8101 + number for number, service in enumerate(SERVICES)},
    **{f"{service}-worker": 8201 + number for number, service in enumerate(SERVICES)},
    "mail": 8125,
    "mail-page": 8127,
    "sms": 8126,
}


def default_home() -> Path:
    """LONGXI_HOME, else `.longxi` in the present folder."""
    return Path(os.environ.get("LONGXI_HOME", ".longxi")).resolve()


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of one embedded platform."""

    folder: Path

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def mails_taken(self) -> Path:
        """The journal of the mail server (`shared.testing.journal`)."""
        return self.folder / "mails.journal"

    @property
    def texts_taken(self) -> Path:
        """The journal of the SMS gateway."""
        return self.folder / "texts.journal"

    @property
    def stack_file(self) -> Path:
        return self.folder / "stack.json"


@dataclass(frozen=True, slots=True)
class Stack:
    """What a running platform tells its clients: addresses, the event log, and the key that signs their tokens."""

    tenant: str
    urls: Mapping[str, str]
    """Base URL of each service's API."""
    workers: Mapping[str, str]
    """Base URL of each worker's health and metrics."""
    issuer_folder: str
    pages: Mapping[str, str] = field(default_factory=dict)
    """Other addresses worth telling a person: the mail catcher's page."""
    kafka_bootstrap_servers: str | None = None
    local_log_url: str | None = None
    supervisor: int = 0
    """Process id of the supervisor."""

    def write(self, home: Home) -> None:
        temporary = home.stack_file.with_suffix(".tmp")
        temporary.touch(mode=0o600)  # the log's URL has a password
        temporary.write_text(json.dumps(asdict(self), indent=2))
        temporary.replace(home.stack_file)

    @classmethod
    def read(cls, home: Home) -> "Stack":
        """Raises FileNotFoundError where none was ever started."""
        return cls(**json.loads(home.stack_file.read_text()))
