"""How the command reaches a platform, and as whom.

It talks to the embedded platform of LONGXI_HOME (`.longxi`) and signs its own tokens with that platform's key, or to
any other by LONGXI_INTAKE_URL, LONGXI_CASEWORK_URL, LONGXI_EMPLOYMENT_URL, LONGXI_NOTIFICATIONS_URL and LONGXI_TOKEN; or,
in place of a token, LONGXI_ISSUER_FOLDER, where `longxi secrets init --trial` made an issuer. LONGXI_INTAKE_WORKER_URL and
so on are where the workers say how they are.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from shared.contracts.catalogue import SERVICES
from shared.local.layout import Home, Stack, default_home
from shared.retrying import Backoff, Unreachable, outside
from shared.security.local_issuer import KEY_FILE, LOCAL_ISSUER, TRIAL_ISSUER, LocalIssuer
from shared.security.principal import Role

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
_PATIENTLY = Backoff(timedelta(milliseconds=100), factor=2, cap=timedelta(seconds=5))


class CannotConnect(Exception):
    """There is no platform to talk to. The message says what to do."""


class Refused(Exception):
    """A service answered with a problem (RFC 9457)."""

    def __init__(self, service: str, status: int, problem: Mapping[str, Any]) -> None:
        self.service = service
        self.status = status
        self.problem = problem
        detail = problem.get("detail") or problem.get("title") or f"HTTP {status}"
        errors = "; ".join(
            f"{error.get('field')}: {error.get('detail')}" for error in problem.get("errors", [])
        )
        super().__init__(f"{service}: {detail}{f' ({errors})' if errors else ''}")


@dataclass(frozen=True, slots=True)
class Connection:
    """A platform's addresses and a way to be somebody there."""

    tenant: str
    urls: Mapping[str, str]
    workers: Mapping[str, str]
    kafka_bootstrap_servers: str | None
    local_log_url: str | None
    token: str | None
    issuer_folder: Path | None
    issuer: str = LOCAL_ISSUER

    @classmethod
    def find(cls) -> "Connection":
        """Raises CannotConnect."""
        given = {
            service: url for service in SERVICES if (url := os.environ.get(f"LONGXI_{service.upper()}_URL"))
        }
        if given:
            token = os.environ.get("LONGXI_TOKEN") or None
            issuer = _trial_issuer()
            if token is None and issuer is None:
                raise CannotConnect("set LONGXI_TOKEN beside the LONGXI_…_URL variables")
            return cls(
                tenant=os.environ.get("LONGXI_TENANT", "longxi"),
                urls=given,
                workers={
                    service: url
                    for service in SERVICES
                    if (url := os.environ.get(f"LONGXI_{service.upper()}_WORKER_URL"))
                },
                kafka_bootstrap_servers=os.environ.get("KAFKA_BOOTSTRAP_SERVERS"),
                local_log_url=os.environ.get("LOCAL_LOG_URL"),
                token=token,
                issuer_folder=None if token else issuer,
                issuer=TRIAL_ISSUER,
            )
        return cls.of_home(Home(default_home()))

    @classmethod
    def of_home(cls, home: Home) -> "Connection":
        """Raises CannotConnect where no platform was started in the folder."""
        try:
            stack = Stack.read(home)
        except FileNotFoundError:
            raise CannotConnect(
                f"no platform in {home.folder}; start one with `make run`; of one in containers it is deploy/longxi"
            ) from None
        return cls(
            tenant=stack.tenant,
            urls=stack.urls,
            workers=stack.workers,
            kafka_bootstrap_servers=stack.kafka_bootstrap_servers,
            local_log_url=stack.local_log_url,
            token=None,
            issuer_folder=Path(stack.issuer_folder),
        )

    def bearer(self, role: Role, subject: str | None = None) -> str:
        """A token for a role, signed by the embedded platform's issuer; elsewhere the one that was given."""
        if self.issuer_folder is None:
            return str(self.token)
        who = subject or f"longxi-command-{role.value}"
        issuer = LocalIssuer(self.issuer_folder, issuer=self.issuer)
        return issuer.mint(self.tenant, who, [role], ttl=timedelta(hours=8))

    def client(
        self,
        service: str,
        role: Role = Role.OPERATOR,
        subject: str | None = None,
        *,
        patience: timedelta = timedelta(seconds=10),
    ) -> "ServiceClient":
        """A client of a service's API, as somebody. `patience` is how long a call goes on trying while it is away."""
        try:
            url = self.urls[service]
        except KeyError:
            raise CannotConnect(
                f"the address of {service} is not known: set LONGXI_{service.upper()}_URL"
            ) from None
        return ServiceClient(service, url, self.bearer(role, subject), patience)


def _trial_issuer() -> Path | None:
    """The folder of an installation's own issuer, where it has one."""
    folder = os.environ.get("LONGXI_ISSUER_FOLDER")
    return Path(folder) if folder and (Path(folder) / KEY_FILE).exists() else None


class ServiceClient:
    """One service's API. Methods give the decoded answer and raise Refused or CannotConnect."""

    def __init__(self, service: str, url: str, token: str, patience: timedelta) -> None:
        self.service = service
        self.patience = patience
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "zh"},
            timeout=_TIMEOUT,
            trust_env=False,
        )

    async def __aenter__(self) -> "ServiceClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str, **query: Any) -> Any:
        return await self._call(
            "GET", path, params={key: value for key, value in query.items() if value is not None}
        )

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """`key` is the Idempotency-Key; a fresh one where none is given, so that a retry changes nothing twice."""
        return await self._call(
            "POST", path, json=body or {}, headers={"Idempotency-Key": key or str(uuid4())}
        )

    async def send(self, path: str, content: bytes, media_type: str, **query: Any) -> Any:
        """POST bytes as they are. It may be sent twice where the first answer was lost."""
        headers = {"Content-Type": media_type}
        return await self._call("POST", path, params=query, content=content, headers=headers)

    async def put(self, path: str, body: Any) -> Any:
        return await self._call("PUT", path, json=body)

    async def _call(self, method: str, path: str, **how: Any) -> Any:
        try:
            answer = await outside(
                self.service,
                lambda: self._http.request(method, path, **how),
                schedule=_PATIENTLY,
                total=self.patience,
            )
        except Unreachable as fault:
            raise CannotConnect(f"{self.service} at {self._http.base_url}: {fault.message('en')}") from None
        if answer.is_error:
            raise Refused(self.service, answer.status_code, _problem(answer))
        return answer.json() if answer.content else None


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
