"""`longxi token`: a token of the embedded platform, for trying the APIs out."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.command.connection import CannotConnect, Connection
from shared.command.failing import plainly
from shared.security.local_issuer import LocalIssuer
from shared.security.principal import Role


def token(
    role: Annotated[Role, typer.Argument(help="角色 · the role")],
    subject: Annotated[
        str | None, typer.Option(help="主体：居民或工作者的编号 · a resident's or worker's id")
    ] = None,
    hours: Annotated[int, typer.Option(min=1, max=24, help="有效小时数 · hours until it ends")] = 8,
) -> None:
    """签发一个试用的令牌 · A token for the platform in .longxi, or for an installation that is tried out."""
    with plainly(Console(stderr=True)):
        connection = Connection.find()
        issuer = LocalIssuer(_issuer(connection), issuer=connection.issuer)
        who = subject or f"longxi-command-{role.value}"
        typer.echo(issuer.mint(connection.tenant, who, [role], ttl=timedelta(hours=hours)))


def _issuer(connection: Connection) -> Path:
    if connection.issuer_folder is None:
        raise CannotConnect(
            "only the issuers of an embedded platform and of a trial sign for anyone; ask your identity provider"
        )
    return connection.issuer_folder
