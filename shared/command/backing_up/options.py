"""What the commands have in common: where the databases are, which backup is meant, how Kafka is reached."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from shared.backups import keeping
from shared.backups.failures import BackupFailed
from shared.backups.installation import Target, of_environment, of_secrets
from shared.backups.offsets import KafkaOffsets
from shared.backups.places import NAME, Place
from shared.kafka_access import KafkaAccess
from shared.local.layout import Home

LOCAL = ZoneInfo("Asia/Shanghai")
_KAFKA_ADMIN = "kafka-admin-password"

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="`longxi run` 的数据目录 · folder of an embedded platform")
]
SecretsOption = Annotated[
    Path | None, typer.Option("--secrets", help="存放密钥的目录 · folder that `longxi secrets init` made")
]
Databases = Annotated[
    str | None, typer.Option(help="只处理这些服务，如 intake,casework · only these services")
]
Apart = Annotated[
    str | None,
    typer.Option(
        "--apart",
        help="居民密钥单独存放的位置，默认与备份同处 · where residents' keys are kept apart; by default beside the backups",
    ),
]
From = Annotated[
    str, typer.Option("--from", help="备份所在：目录或 s3://桶/前缀 · a folder or s3://bucket/prefix")
]
IdentityFile = Annotated[
    Path, typer.Option("--identity", help="age 私钥文件 · file with the private key (AGE-SECRET-KEY-1…)")
]
Kafka = Annotated[
    str | None, typer.Option(help="Kafka 地址，在本次恢复后仍保留时必填 · host:port,… if its log was kept")
]
ReplayDays = Annotated[
    int | None,
    typer.Option(min=0, help="重发最近几天的事件，默认全部 · days of events sent again; all by default"),
]
LostFile = Annotated[
    Path | None, typer.Option("--lost", help="丢失事件清单写入此文件 · write the list of lost events here")
]


@contextmanager
def installation(home: Path | None, secrets: Path | None, services: Sequence[str]) -> Iterator[list[Target]]:
    """For reading. Raises BackupFailed."""
    if home is not None and secrets is not None:
        raise BackupFailed("give --home or --secrets, not both")
    if home is not None:
        # The embedded platform is an extra, and not in the operator's image.
        from shared.backups.embedded import running_or_started  # noqa: PLC0415

        with running_or_started(Home(home.resolve()), services) as targets:
            yield targets
    elif secrets is not None:
        yield of_secrets(secrets, services)
    else:
        yield of_environment(services)


def backup_at(place: Place, point: str | None) -> str:
    """The name of the backup that is meant: by its name, or the newest finished one at or before a time (Shanghai).

    Raises BackupFailed.
    """
    if point is None:
        return keeping.newest(place)
    if NAME.fullmatch(point):
        if point not in place.names():
            raise BackupFailed(f"{place.address} has no backup {point}")
        return point
    try:
        time = datetime.fromisoformat(point)
    except ValueError:
        raise BackupFailed(
            f"{point} is neither a backup's name nor a time such as 2026-11-28T16:30"
        ) from None
    moment = time if time.tzinfo else time.replace(tzinfo=LOCAL)
    fitting = [
        one.name
        for one in keeping.list_backups(place)
        if one.manifest is not None and one.manifest.moment <= moment
    ]
    if not fitting:
        raise BackupFailed(f"{place.address} holds no finished backup from {point} or before")
    return fitting[-1]


def kafka_of(servers: str | None, secrets: Path | None) -> KafkaOffsets | None:
    """As the administrator of the folder of secrets, else as KAFKA_SECURITY and its companions say. Raises BackupFailed.

    Without servers those of KAFKA_BOOTSTRAP_SERVERS; an empty word for none at all.
    """
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") if servers is None else servers
    if not servers:
        return None
    if secrets is not None and (secrets / _KAFKA_ADMIN).exists():
        # An operator's account may read topics, and move no group's place.
        password = (secrets / _KAFKA_ADMIN).read_text().strip()
        return KafkaOffsets(servers, KafkaAccess("sasl_plaintext", "admin", password))
    file, ca_file = os.environ.get("KAFKA_PASSWORD_FILE"), os.environ.get("KAFKA_CA_FILE")
    password = os.environ.get("KAFKA_PASSWORD") or (Path(file).read_text().strip() if file else "")
    try:
        access = KafkaAccess(
            os.environ.get("KAFKA_SECURITY", "plaintext"),  # type: ignore[arg-type]  # the client says if it is none
            os.environ.get("KAFKA_USERNAME"),
            password or None,
            Path(ca_file) if ca_file else None,
        )
    except ValueError as fault:
        raise BackupFailed(f"Kafka: {fault}") from None
    return KafkaOffsets(servers, access)


def shanghai(moment: datetime) -> str:
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S")


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


__all__ = [
    "Databases",
    "From",
    "HomeOption",
    "IdentityFile",
    "Kafka",
    "LostFile",
    "ReplayDays",
    "SecretsOption",
    "backup_at",
    "installation",
    "kafka_of",
    "megabytes",
    "shanghai",
]
