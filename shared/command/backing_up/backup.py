"""`longxi backup`: make one; `list` and `verify` those that there are; `new-identity` makes who may open them."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.backups import keeping, sealing
from shared.backups.failures import BackupFailed
from shared.backups.installation import chosen
from shared.backups.making import Wanted, make_backup, renew_key_set
from shared.backups.places import open_place
from shared.clock import system_clock
from shared.command.backing_up.options import (
    Apart,
    Databases,
    From,
    HomeOption,
    SecretsOption,
    backup_at,
    installation,
    megabytes,
    shanghai,
)
from shared.command.failing import plainly

app = typer.Typer(help="备份 · Encrypted backups of databases and keys")
_FAILURES = (BackupFailed, OSError)
_WIDE = 160


@app.callback(invoke_without_command=True)
def backup(
    context: typer.Context,
    to: Annotated[
        str | None, typer.Option(help="存放位置：目录或 s3://桶/前缀 · a folder or s3://bucket/prefix")
    ] = None,
    recipient: Annotated[
        list[str] | None, typer.Option(help="可以打开备份的公钥 age1…，可多次 · public key that may open it")
    ] = None,
    recipients_file: Annotated[
        list[Path] | None, typer.Option(help="公钥文件，每行一个 · file of public keys, one a line")
    ] = None,
    home: HomeOption = None,
    secrets: SecretsOption = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            help="密钥目录，默认同 --secrets 或 --home · folder of the keys; by default that of the above"
        ),
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="密钥另行备份 · the keys are kept elsewhere")
    ] = False,
    databases: Databases = None,
    apart: Apart = None,
    keep_days: Annotated[
        int | None,
        typer.Option(min=1, help="删除更旧的备份，最新的一份除外 · remove older ones, never the newest"),
    ] = None,
) -> None:
    """备份全部数据库与密钥，加密后写入 --to · Back up all databases and the keys, sealed, into --to."""
    if context.invoked_subcommand is not None:
        return
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        if to is None:
            raise BackupFailed("say where to: --to FOLDER or --to s3://bucket/prefix")
        place = open_place(to)
        folder, parts = _keys(home, secrets, keys, without_keys=without_keys)
        recipients = sealing.recipients(recipient or [], recipients_file or [])
        with installation(home, secrets, chosen(databases)) as targets:
            wanted = Wanted(targets, folder, recipients, parts, open_place(apart) if apart else None)
            made = asyncio.run(
                make_backup(wanted, place, say=lambda line: console.print(line, highlight=False))
            )
        console.print(f"完成 done: {place.address}/{made.name}, {megabytes(made.bytes)}", highlight=False)
        if keep_days is not None:
            for name in keeping.trim(place, timedelta(days=keep_days), system_clock()):
                console.print(f"已删除旧备份 removed {name}", highlight=False)


@app.command("renew-keys")
def renew_keys(
    to: Annotated[str, typer.Option(help="存放位置 · where the residents' keys are kept apart")],
    recipient: Annotated[list[str] | None, typer.Option(help="公钥 · public key that may open it")] = None,
    recipients_file: Annotated[list[Path] | None, typer.Option(help="公钥文件 · file of public keys")] = None,
    home: HomeOption = None,
    secrets: SecretsOption = None,
) -> None:
    """只更新居民密钥：此前删除的居民从所有备份中消失 · Only the keys: who was erased until now is gone from all backups."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        recipients = sealing.recipients(recipient or [], recipients_file or [])
        with installation(home, secrets, ["intake"]) as targets:
            made = asyncio.run(renew_key_set(targets, open_place(to), recipients))
        console.print(f"{made.name}: {sum(made.rows.values())} 条 keys and indexes", highlight=False)


@app.command("list")
def list_(from_: From) -> None:
    """列出备份 · List the backups, the oldest first."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    with plainly(Console(stderr=True), *_FAILURES):
        found = keeping.list_backups(open_place(from_))
    table = Table(show_edge=False, pad_edge=False)
    for title in ("名称 name", "时刻 as of (Shanghai)", "大小 size", "行数 rows", "内容 holds"):
        table.add_column(title, overflow="fold")
    for one in found:
        if one.manifest is None:
            table.add_row(one.name, "-", "-", "-", f"不可用 not usable: {one.fault}")
            continue
        rows = sum(sum(entry.rows.values()) for entry in one.manifest.databases.values())
        holds = ", ".join(one.manifest.databases) + (", keys" if one.manifest.keys else "")
        table.add_row(
            one.name, shanghai(one.manifest.moment), megabytes(one.manifest.bytes), str(rows), holds
        )
    console.print(table if found else "没有备份 no backups")


@app.command()
def verify(
    from_: From,
    point: Annotated[
        str | None,
        typer.Option(help="备份名或时间，默认最新 · a backup's name or a time; the newest by default"),
    ] = None,
    identity: Annotated[
        Path | None,
        typer.Option(help="私钥文件；给出时还会解开并读完 · with it, everything is opened and read too"),
    ] = None,
) -> None:
    """检查一份备份是否完整 · Read all of a backup and say whether it is whole."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        place = open_place(from_)
        name = backup_at(place, point)
        identities = sealing.identities(identity) if identity else []
        found = asyncio.run(keeping.verify(place, name, identities))
    how = "可以解开并读完 opened and read to the end" if identity else "校验和一致 all sums agree"
    console.print(f"{name}: 完整 whole, {len(found.files)} 个文件 files, {how}", highlight=False)


@app.command("new-identity")
def new_identity(
    file: Annotated[Path, typer.Argument(help="私钥写入此文件 · the private key is written here")],
) -> None:
    """生成一对密钥，同 age-keygen · Make a key pair as `age-keygen` does; keep the file away from this machine."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        private, public = sealing.new_identity()
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(f"# public key: {public}\n{private}\n")
    console.print(f"私钥 private key: {file}（请离线保存 keep it offline）", highlight=False)
    Console(width=_WIDE).print(public, highlight=False)


def _keys(
    home: Path | None, secrets: Path | None, keys: Path | None, *, without_keys: bool
) -> tuple[Path | None, tuple[str, ...]]:
    """The folder of keys, and which parts of it."""
    everything = (".",)
    if without_keys:
        return None, everything
    if keys is not None or secrets is not None:
        return keys or secrets, everything
    if home is not None:
        from shared.backups.embedded import KEY_PARTS  # noqa: PLC0415 - an extra

        return home.resolve(), KEY_PARTS
    raise BackupFailed(
        "say where the keys are: --keys FOLDER, or --without-keys if they are kept elsewhere."
        " Without the master keys nothing personal in the databases can be read"
    )


__all__ = ["app"]
