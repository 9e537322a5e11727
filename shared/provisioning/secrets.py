"""The folder of an installation's secrets: a file each, as docker compose hands them to the containers."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from shared.clock import Clock, system_clock
from shared.contracts.catalogue import SERVICES
from shared.database import Keyring
from shared.provisioning import certificates, issuers
from shared.provisioning.files import FOLDER_MODE, new_secret, write_new
from shared.security.keysets import parse_keys
from shared.security.local_issuer import TRIAL_ISSUER, LocalIssuer
from shared.security.signing import SigningKey
from shared.weakness import weakness

KAFKA_ADMIN = "admin"
DISTRICT_USERS = ("district", "district-restricted")
KAFKA_USERS = (KAFKA_ADMIN, "operator", *SERVICES, *DISTRICT_USERS)
SEALING_SERVICES = ("intake", "casework", "notifications")
"""Those that seal personal data or webhooks' secrets, and so have master keys."""
SERVICE_JWKS = "keys/jwks/services.json"
"""Public keys of the services' own issuer: the present one, and after a change the one before. Others' may lie beside it."""
SOON = timedelta(days=30)
_GIVEN = ("smtp-password", "sms-key-secret")
"""Of the mail server and the SMS provider: empty until the operator writes them in."""
_PASSWORDS = (
    "postgres-admin-password",
    "postgres-replication-password",
    "redis-password",
    "grafana-admin-password",
    "receipts-secret",
)


@dataclass(frozen=True, slots=True)
class Hosts:
    """Names by which the parts are reached; the defaults are those of `deploy/docker-compose.yml`."""

    public: Sequence[str] = ("localhost", "127.0.0.1")
    """Of the gateway and of Kafka's external listener, the first being the one that is told to others."""
    postgres: str = "postgres:5432"
    redis: str = "redis:6379"
    kafka: Sequence[str] = ("kafka", "kafka-2", "kafka-3")


@dataclass(slots=True)
class Report:
    """What `init` did, and what `check` found. Names of files only, never what is in them."""

    made: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """What is not wrong, and worth knowing."""


def init(folder: Path, hosts: Hosts, *, trial: bool, clock: Clock = system_clock) -> Report:
    """Make what is missing; what is there stays. `trial` also makes an issuer that signs tokens for whoever has the folder.

    Raises OSError, ValueError.
    """
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    report = Report()

    def note(name: str, made: bool) -> None:
        (report.made if made else report.kept).append(name)

    for name in (*_PASSWORDS, *(f"kafka-{user}-password" for user in KAFKA_USERS)):
        note(name, write_new(folder / name, new_secret()))
    for name in _GIVEN:
        note(name, write_new(folder / name, ""))
    admin = (folder / "postgres-admin-password").read_text().strip()
    note(
        "postgres-admin-url",
        write_new(
            folder / "postgres-admin-url", f"postgresql://postgres:{quote(admin)}@{hosts.postgres}/postgres"
        ),
    )
    for service in SERVICES:
        for role, name in (
            (f"longxi_{service}", "database-url"),
            (f"longxi_{service}_owner", "database-owner-url"),
        ):
            url = f"postgresql://{role}:{new_secret()}@{hosts.postgres}/longxi_{service}"
            note(f"{service}-{name}", write_new(folder / f"{service}-{name}", url))
    redis = (folder / "redis-password").read_text().strip()
    note("redis-url", write_new(folder / "redis-url", f"redis://:{quote(redis)}@{hosts.redis}/0"))
    for name, made in _keys(folder / "keys", trial=trial):
        note(f"keys/{name}", made)
    for name, made in _certificates(folder / "tls", hosts, clock):
        note(f"tls/{name}", made)
    return report


def check(folder: Path, *, public: Sequence[str] = (), clock: Clock = system_clock) -> Report:
    """What is missing, weak, unreadable or ends soon, each with its file's name.

    `public` are names by which the platform is reached: the certificates have to be for them.
    """
    report = Report()
    for name in required():
        path = folder / name
        try:
            reason = _fault(path, clock())
        except (OSError, ValueError, KeyError) as fault:
            reason = "is missing" if isinstance(fault, FileNotFoundError) else f"cannot be read: {fault}"
        if reason is None:
            report.kept.append(name)
        else:
            report.wrong.append(f"{name} {reason}")
    for name in ("tls/gateway.crt", "tls/kafka.pem"):
        report.wrong += [f"{name} {reason}" for reason in _unnamed(folder / name, public)]
    try:
        for finding in issuers.look(folder):
            (report.wrong if finding.wrong else report.known).append(f"{issuers.FILE} {finding.said}")
    except OSError:
        report.wrong.append(f"{issuers.FILE} cannot be read")
    return report


def required() -> tuple[str, ...]:
    """Files of every installation, relative to its folder."""
    return (
        *_PASSWORDS,
        *(f"kafka-{user}-password" for user in KAFKA_USERS),
        "postgres-admin-url",
        *(f"{service}-{kind}" for service in SERVICES for kind in ("database-url", "database-owner-url")),
        "redis-url",
        *(f"keys/{service}-master-keys.json" for service in SEALING_SERVICES),
        "keys/service-key.json",
        SERVICE_JWKS,
        *(f"tls/{name}" for name in ("ca.crt", "gateway.crt", "gateway.key", "kafka.pem")),
    )


def _keys(folder: Path, *, trial: bool) -> Iterator[tuple[str, bool]]:
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    for service in SEALING_SERVICES:
        name = f"{service}-master-keys.json"
        missing = not (folder / name).exists()
        if missing:
            Keyring.write_new(folder / name)
        yield name, missing
    missing = not (folder / "service-key.json").exists()
    if missing:
        SigningKey.write_new(folder / "service-key.json")
    yield "service-key.json", missing
    public = json.dumps({"keys": [dict(SigningKey.load(folder / "service-key.json").public)]})
    yield "jwks/services.json", write_new(folder / "jwks" / "services.json", public)
    trusted = folder / "issuers.json"
    if trial:
        missing = not (folder / "trial-issuer").exists()
        LocalIssuer(folder / "trial-issuer", issuer=TRIAL_ISSUER)
        yield "trial-issuer", missing
        entry = {"issuer": TRIAL_ISSUER, "jwks_file": "/run/secrets/trial_jwks"}
        yield "issuers.json", write_new(trusted, json.dumps([entry]))
    else:
        yield "issuers.json", write_new(trusted, "[]")
        (folder / "trial-issuer").mkdir(mode=FOLDER_MODE, exist_ok=True)
        yield "trial-issuer/jwks.json", write_new(folder / "trial-issuer" / "jwks.json", '{"keys": []}')


def _certificates(folder: Path, hosts: Hosts, clock: Clock) -> Iterator[tuple[str, bool]]:
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
    yield "ca.crt", certificates.make_authority(folder, clock=clock)
    yield "gateway.crt", certificates.issue(folder, "gateway", hosts.public, clock=clock)
    yield "kafka.pem", certificates.issue(folder, "kafka", [*hosts.public, *hosts.kafka], clock=clock)


def renew(folder: Path, public: Sequence[str], *, clock: Clock = system_clock) -> list[str]:
    """Make the gateway's and the brokers' certificates anew, for the names that they have and for these. Raises OSError, ValueError."""
    made = []
    for name, file in (("gateway", "gateway.crt"), ("kafka", "kafka.pem")):
        present = certificates.hosts(folder / "tls" / file)
        names = list(dict.fromkeys([*public, *present]))
        certificates.issue(folder / "tls", name, names, clock=clock, replace=True)
        made.append(f"tls/{file}")
    return made


def _fault(path: Path, now: datetime) -> str | None:
    if path.suffix == ".json":
        if path.name == "service-key.json":
            SigningKey.load(path)
        elif path.parent.name == "jwks":
            return None if parse_keys(path.read_bytes()) else "holds no public key"
        else:
            Keyring.load(path)
        return None
    if path.suffix in {".crt", ".pem"}:
        return _ending(certificates.ends(path), now)
    content = path.read_text().strip()
    if path.suffix == ".key":
        return None if "PRIVATE KEY" in content else "holds no private key"
    if path.name.endswith("-url"):
        content = urlsplit(content).password or ""
    return weakness(content)


def _unnamed(path: Path, public: Sequence[str]) -> Iterator[str]:
    """The names that a certificate is not for; of one that cannot be read that is said already."""
    try:
        named = certificates.hosts(path)
    except (OSError, ValueError):
        return
    for name in public:
        parent = name.partition(".")[2]
        if name not in named and f"*.{parent}" not in named:
            yield f"is not for {name}: `longxi secrets renew-certificates --host {name}`, or one of your own"


def _ending(end: datetime, now: datetime) -> str | None:
    if end < now:
        return f"ended on {end:%Y-%m-%d}"
    return f"ends on {end:%Y-%m-%d}: `longxi secrets renew-certificates`" if end < now + SOON else None


__all__ = [
    "DISTRICT_USERS",
    "KAFKA_ADMIN",
    "KAFKA_USERS",
    "SEALING_SERVICES",
    "SERVICE_JWKS",
    "SOON",
    "Hosts",
    "Report",
    "check",
    "init",
    "renew",
    "required",
]
