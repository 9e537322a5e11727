"""The compose stack under test: a project of its own, with its own secrets, ports and volumes."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from shared.local.ports import free_port
from shared.provisioning import certificates
from shared.provisioning.files import GROUP, hand_over
from shared.provisioning.secrets import Hosts, init
from shared.security.local_issuer import TRIAL_ISSUER, LocalIssuer
from shared.security.principal import Role
from shared.trusting import client_context
from tests.deploy.engine import Engine

REPOSITORY = Path(__file__).resolve().parents[2]
TENANT = "longxi"
DEPLOY = REPOSITORY / "deploy"
_UP_SECONDS = 300


@dataclass(slots=True)
class Stack:
    engine: Engine
    folder: Path
    project: str
    version: str
    ports: dict[str, int] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    """Variables of `.env` beside the usual ones."""
    profiles: tuple[str, ...] = ("try",)
    deploy: Path = DEPLOY
    """The folder that is deployed from; a copy where scripts write their `.env`."""
    overrides: tuple[str, ...] = ()
    """Compose files of that folder, beside `docker-compose.yml`."""

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def address(self) -> str:
        return f"https://localhost:{self.ports['gateway']}"

    @property
    def kafka(self) -> str:
        return f"localhost:{self.ports['kafka']}"

    def make_ready(self) -> None:
        """Secrets as `longxi secrets init --trial` makes them, and ports that are free."""
        init(self.secrets, Hosts(), trial=True)
        certificates.issue(self.secrets / "tls", "portal", ["portal"])
        self.more["SECRETS_UID"] = str(os.getuid())
        if not hand_over(self.secrets, GROUP):
            self.more["SECRETS_GID"] = str(os.getgid())
        (self.folder / "backups").mkdir(mode=0o777, exist_ok=True)
        (self.folder / "backups").chmod(0o777)
        self.ports = {name: free_port() for name in ("gateway", "kafka", "kafka-2", "kafka-3", "mail")}

    def compose(self, *words: str, check: bool = True, seconds: float = _UP_SECONDS) -> str:
        env_file = self.write_settings()
        return self.engine.docker(
            "compose",
            "--env-file",
            str(env_file),
            *(word for profile in self.profiles for word in ("--profile", profile)),
            *(word for file in self.files for word in ("--file", file)),
            *words,
            check=check,
            seconds=seconds,
        )

    @property
    def files(self) -> list[str]:
        names = ("docker-compose.yml", *self.overrides)
        test = REPOSITORY / "tests" / "deploy" / "compose.test.yml"
        return [*(str(self.deploy / name) for name in names), str(test)]

    def write_settings(self) -> Path:
        """The `.env`; beside the compose file where that is a copy."""
        settings = {
            "COMPOSE_PROJECT_NAME": self.project,
            "COMPOSE_FILE": ":".join(self.files),
            "LONGXI_VERSION": self.version,
            "LONGXI_DOMAIN": "localhost",
            "SECRETS_DIR": str(self.secrets),
            "BACKUPS_DIR": str(self.folder / "backups"),
            "GATEWAY_PORT": str(self.ports["gateway"]),
            "GATEWAY_BIND": "127.0.0.1",
            "KAFKA_PORT": str(self.ports["kafka"]),
            "KAFKA_PORT_2": str(self.ports["kafka-2"]),
            "KAFKA_PORT_3": str(self.ports["kafka-3"]),
            "KAFKA_BIND": "127.0.0.1",
            "MAIL_PORT": str(self.ports["mail"]),
            "SMTP_HOST": "mail",
            "SMTP_PORT": "8125",
            "SMTP_SECURITY": "none",
            "WEBHOOK_NETWORKS": '["172.16.0.0/12", "192.168.0.0/16", "10.0.0.0/8"]',
            "PORTAL_PROGRAM": str(REPOSITORY / "tests" / "deploy" / "portal_server.py"),
            **self.more,
        }
        file = (self.folder if self.deploy == DEPLOY else self.deploy) / ".env"
        file.write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
        return file

    def up(self, *more: str) -> None:
        try:
            self.compose("up", "--detach", "--wait", "--wait-timeout", "240", "--quiet-pull", *more)
        except (RuntimeError, subprocess.TimeoutExpired) as failure:
            raise AssertionError(f"{failure}\n{self.state()}\n{self.logs()}") from failure

    def down(self, *, volumes: bool) -> None:
        self.compose("down", "--remove-orphans", *(("--volumes",) if volumes else ()), seconds=180)

    def state(self) -> str:
        return self.compose("ps", "--all", "--format", "{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}")

    def logs(self, *services: str, lines: int = 15) -> str:
        return self.compose("logs", "--no-color", "--tail", str(lines), *services, check=False)[-12_000:]

    def container(self, service: str) -> str:
        """Its id."""
        return self.compose("ps", "--quiet", service).split()[0]

    def long_lived(self) -> list[str]:
        """Services whose containers run all the time."""
        running = self.compose("ps", "--services", "--status", "running").split()
        return [service for service in running if service != "portal"]

    def psql(self, database: str, query: str, *, password: str | None = None) -> str:
        """What a query as the administrator gives, unaligned."""
        password = password or (self.secrets / "postgres-admin-password").read_text().strip()
        words = ["--host=127.0.0.1", "--username=postgres", f"--dbname=longxi_{database}", "-Atc", query]
        return self.compose(
            "exec", "-T", "--env", f"PGPASSWORD={password}", "postgres", "psql", *words
        ).strip()

    def webhooks(self) -> Iterable[Mapping[str, Any]]:
        """What the portal was sent."""
        for line in self.engine.docker("logs", self.container("portal")).splitlines():
            if line.startswith("{"):
                yield json.loads(line)

    def token(self, role: Role, subject: str) -> str:
        issuer = LocalIssuer(self.secrets / "keys" / "trial-issuer", issuer=TRIAL_ISSUER)
        return issuer.mint(TENANT, subject, [role], ttl=timedelta(hours=2))

    def client(self, role: Role | None = None, subject: str = "compose-test") -> httpx.Client:
        """Of the gateway, checking its certificate, as somebody or as nobody."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role, subject)}"}
        if role is Role.HEAD:
            headers["X-Purpose"] = "handle_request"
        return httpx.Client(
            base_url=self.address,
            headers=headers,
            verify=client_context(self.secrets / "tls" / "ca.crt"),
            timeout=30,
            trust_env=False,
        )

    def mails(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(
            f"http://127.0.0.1:{self.ports['mail']}/mails", trust_env=False
        ).json()
        return answer

    def last_words(self) -> str:
        """How every container stands and what it said last: to be read where something failed."""
        if not self.ports:
            return "no container was begun"
        stands = self.compose("ps", "--all", "--format", "{{.Service}} {{.Status}}", check=False)
        return stands + self.compose("logs", "--no-color", "--tail", "25", check=False)

    def clear(self) -> None:
        if not self.ports:  # nothing was begun
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        self.down(volumes=True)
        # One that a replica has taken the place of is no longer named in the files.
        label = f"label=com.docker.compose.project={self.project}"
        left = self.engine.docker("volume", "ls", "--quiet", "--filter", label).split()
        if left:
            self.engine.docker("volume", "rm", *left)
        shutil.rmtree(self.folder, ignore_errors=True)


__all__ = ["DEPLOY", "REPOSITORY", "TENANT", "Stack"]
