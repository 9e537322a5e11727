"""`longxi prepare`: databases, roles, topics, users and rights, before the services start."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.command.failing import plainly
from shared.kafka_access import KafkaAccess
from shared.provisioning.databases import make_databases
from shared.provisioning.declared import Declared
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.secrets import KAFKA_ADMIN


def prepare(
    secrets: Annotated[Path, typer.Option(help="存放密钥的目录 · the folder of the secrets")],
    topics: Annotated[Path, typer.Option(help="主题与权限清单 · the list of topics and rights")],
    kafka: Annotated[str, typer.Option(help="Kafka 地址 · host:port,…")] = "kafka:9092",
) -> None:
    """准备数据库、主题与权限，可重复执行 · Make databases, topics and rights; safe to run again."""
    console = Console(stderr=True)
    with plainly(console, CannotPrepare, OSError, ValueError):
        declared = Declared.load(topics)
        for name in asyncio.run(make_databases(secrets)):
            console.print(f"数据库 database {name}", highlight=False)
        for line in _kafka(kafka, secrets, declared):
            console.print(f"Kafka: {line}", highlight=False)


def _kafka(servers: str, secrets: Path, declared: Declared) -> list[str]:
    # confluent-kafka is in the operator's image alone.
    from shared.provisioning.kafka import Copies, apply  # noqa: PLC0415
    from shared.provisioning.quotas import limit  # noqa: PLC0415

    def password(user: str) -> str:
        return (secrets / f"kafka-{user}-password").read_text().strip()

    admin = KafkaAccess("sasl_plaintext", KAFKA_ADMIN, password(KAFKA_ADMIN))
    copies = Copies(
        int(os.environ.get("KAFKA_REPLICATION", "1")), int(os.environ.get("KAFKA_MIN_INSYNC", "1"))
    )
    changed = apply(servers, admin, declared, copies, {user: password(user) for user in declared.users})
    return changed + asyncio.run(limit(servers, admin, declared.users))
