"""A new secret in the place of an old one, file by file.

Most take effect when `longxi prepare` has told the servers and the containers were made anew; `then` says it. The two
administrators' passwords are changed on their servers here, since `prepare` comes in with them. Whatever is broken off may be run again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from shared.contracts.catalogue import SERVICES
from shared.provisioning.administrators import change_kafka, change_postgres
from shared.provisioning.files import new_secret, replace, write_new
from shared.provisioning.secrets import DISTRICT_USERS, KAFKA_ADMIN, KAFKA_USERS, SERVICE_JWKS
from shared.security.signing import SigningKey

_PREPARE = "docker compose run --rm prepare"
_SERVICE_KEY = "keys/service-key.json"
_OTHERWISE = {
    "smtp-password": "is given by your mail server's operator: write the new one into the file",
    "sms-key-secret": "is given by the SMS provider: write the new one into the file",
    "postgres-admin-url": "changes with postgres-admin-password",
    "redis-url": "changes with redis-password",
    "keys/issuers.json": "holds no secret: edit it",
}


@dataclass(frozen=True, slots=True)
class Rotated:
    files: Sequence[str]
    """Written anew, relative to the folder."""
    then: Sequence[str]
    """What is to be run so that it takes effect, in this order. Begins with "#" where it is no command."""


def names() -> tuple[str, ...]:
    """Of all that `rotate` changes."""
    return (
        "postgres-admin-password",
        "postgres-replication-password",
        "redis-password",
        "grafana-admin-password",
        "receipts-secret",
        *(f"kafka-{user}-password" for user in KAFKA_USERS),
        *(f"{service}-{kind}" for service in SERVICES for kind in ("database-url", "database-owner-url")),
        _SERVICE_KEY,
    )


async def rotate(folder: Path, name: str, *, kafka: str) -> Rotated:
    """`name` is that of the file; `kafka` (`host:port,…`) is asked for its administrator's password only.

    Raises CannotPrepare where a server cannot be reached or refuses, OSError, and ValueError for a name that it does not know.
    """
    if name == "postgres-admin-password":
        return await _postgres_admin(folder)
    if name == f"kafka-{KAFKA_ADMIN}-password":
        return await _kafka_admin(folder, kafka)
    if name == _SERVICE_KEY:
        return _service_key(folder)
    if name not in names():
        raise ValueError(f"{name} {_otherwise(name)}")
    secret = new_secret()
    path = folder / name
    if name.endswith("-url"):
        replace(path, with_password(path.read_text().strip(), secret))
        return Rotated([name], _after_url(name))
    files = [name]
    replace(path, secret)
    if name == "redis-password":
        url = folder / "redis-url"
        replace(url, with_password(url.read_text().strip(), secret))
        files.append("redis-url")
    return Rotated(files, _after(name))


def forget_service_key(folder: Path) -> list[str]:
    """Trust the present service key alone. Returns the ids of those that were trusted beside it. Raises OSError, ValueError."""
    current = SigningKey.load(folder / _SERVICE_KEY).public
    trusted = _trusted(folder)
    replace(folder / SERVICE_JWKS, json.dumps({"keys": [dict(current)]}))
    return [key["kid"] for key in trusted if key["kid"] != current["kid"]]


def with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:{quote(password, safe='')}@{place}").geturl()


async def _postgres_admin(folder: Path) -> Rotated:
    name = "postgres-admin-password"
    url = folder / "postgres-admin-url"
    coming = _coming(folder, name)
    secret = coming.read_text().strip()
    new_url = with_password(url.read_text().strip(), secret)
    await change_postgres(url.read_text().strip(), new_url, secret)
    replace(folder / name, secret)
    replace(url, new_url)
    coming.unlink()
    return Rotated([name, url.name], ["# no service uses it"])


async def _kafka_admin(folder: Path, kafka: str) -> Rotated:
    name = f"kafka-{KAFKA_ADMIN}-password"
    coming = _coming(folder, name)
    secret = coming.read_text().strip()
    await change_kafka(kafka, KAFKA_ADMIN, (folder / name).read_text().strip(), secret)
    replace(folder / name, secret)
    coming.unlink()
    # Brokers and controllers know each other by it; one that is started alone finds the others behind the old one.
    return Rotated(
        [name], ["docker compose restart kafka   # of a cluster all three at once: kafka kafka-2 kafka-3"]
    )


def _coming(folder: Path, name: str) -> Path:
    """Lies beside until server and file have it: whatever happens in between, one of the two files is right."""
    path = folder / f".{name}.coming"
    write_new(path, new_secret())
    return path


def _service_key(folder: Path) -> Rotated:
    path, coming = folder / _SERVICE_KEY, folder / "keys" / ".service-key.json.coming"
    if not coming.exists():
        SigningKey.write_new(coming)
    old, new = (dict(SigningKey.load(file).public) for file in (path, coming))
    replace(folder / SERVICE_JWKS, json.dumps({"keys": [new, old]}))
    replace(path, coming.read_text())
    coming.unlink()
    return Rotated(
        [_SERVICE_KEY, SERVICE_JWKS],
        [
            _anew(*(f"{service}-{role}" for service in SERVICES for role in ("api", "worker"))),
            "longxi secrets forget-service-key   # when all of them run",
        ],
    )


def _trusted(folder: Path) -> list[dict[str, str]]:
    keys: list[dict[str, str]] = json.loads((folder / SERVICE_JWKS).read_text())["keys"]
    return keys


def _after_url(name: str) -> list[str]:
    service = name.split("-", maxsplit=1)[0]
    if name.endswith("-owner-url"):
        return [_PREPARE]
    return [_PREPARE, _anew(f"{service}-api", f"{service}-worker")]


def _after(name: str) -> list[str]:
    user = name.removeprefix("kafka-").removesuffix("-password")
    if user in SERVICES:
        return [_PREPARE, _anew(f"{user}-api", f"{user}-worker")]
    if user in DISTRICT_USERS:
        return [_PREPARE, f"# give {user} the new password; whoever is connected stays so"]
    return {
        "kafka-operator-password": [_PREPARE],
        "redis-password": [
            _anew("redis", *(f"{one}-{role}" for one in SERVICES for role in ("api", "worker")))
        ],
        "postgres-replication-password": [
            "docker compose up -d --force-recreate --no-deps postgres-replicator",
            _anew("postgres-replica"),
        ],
        "receipts-secret": [
            _anew("notifications-api"),
            "# tell the SMS provider the new address of its receipts",
        ],
        "grafana-admin-password": [
            "docker compose exec grafana sh -c 'grafana cli admin reset-admin-password \"$(cat /run/secrets/grafana-admin-password)\"'",
        ],
    }[name]


def _anew(*containers: str) -> str:
    return f"docker compose up -d --wait --no-deps --force-recreate {' '.join(containers)}"


def _otherwise(name: str) -> str:
    if name in _OTHERWISE:
        return _OTHERWISE[name]
    if name.endswith("-master-keys.json"):
        return "changes in steps: `longxi secrets add-master-key`, docs/backup.md"
    if name.startswith("tls/"):
        return "is made anew by `longxi secrets renew-certificates`"
    return f"is no secret that is known; these are: {', '.join(names())}"


__all__ = ["Rotated", "forget_service_key", "names", "rotate", "with_password"]
