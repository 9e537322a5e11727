"""Steps of changing master keys, as commands of `longxi secrets`."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.backups import master_keys
from shared.backups.failures import BackupFailed
from shared.backups.wrapped import master_keys_in_use
from shared.command.backing_up.options import HomeOption, SecretsOption, installation
from shared.command.failing import plainly
from shared.contracts.catalogue import SERVICES

_ENDING = "-master-keys.json"
_FAILURES = (BackupFailed, OSError, ValueError)

KeyFile = Annotated[Path, typer.Argument(help="主密钥文件 · file of a service's master keys")]
Name = Annotated[str | None, typer.Option(help="密钥名 · the key's name")]


def add_master_key(file: KeyFile, name: Name = None) -> None:
    """第一步：加入新主密钥，暂不使用 · Step 1: add a master key, not used yet; then restart the service."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        added = master_keys.add_master_key(file, name)
    console.print(
        f"{file.name}: 已加入 added {added}; 请重启该服务全部进程 restart all processes of the service"
    )


def use_master_key(file: KeyFile, name: Name = None) -> None:
    """第二步：启用新主密钥 · Step 2: seal under it from now on; then restart again, and run `rewrap`."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        current = master_keys.use_master_key(file, name)
    console.print(
        f"{file.name}: 当前 current {current}; 请重启后运行 restart, then `python -m services.{_service(file)} rewrap`"
    )


def rotate_master_key(file: KeyFile) -> None:
    """服务已停时：加入并启用新主密钥 · Both at once, for a service that is stopped."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        current = master_keys.rotate_master_key(file)
    console.print(f"{file.name}: 当前 current {current}; then `python -m services.{_service(file)} rewrap`")


def remove_master_key(
    file: KeyFile,
    name: Annotated[str, typer.Argument(help="密钥名 · the key's name")],
    home: HomeOption = None,
    secrets: SecretsOption = None,
) -> None:
    """第三步：删除旧主密钥，仍有数据依赖它时拒绝 · Step 3: take the old one out; refused while anything is under it."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES):
        service = _service(file)
        with installation(home, secrets, [service]) as targets:
            used = asyncio.run(master_keys_in_use(targets[0]))
        if used[name]:
            raise BackupFailed(
                f"{used[name]} keys in {targets[0].database} are under {name!r}: run `python -m services.{service} rewrap`"
            )
        master_keys.remove_master_key(file, name)
    console.print(f"{file.name}: 已删除 removed {name}; 旧备份仍需要它 older backups still need it")


def master_keys_used(home: HomeOption = None, secrets: SecretsOption = None) -> None:
    """各主密钥下还有多少数据密钥 · How many keys each master key has wrapped, by service."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES), installation(home, secrets, SERVICES) as targets:
        for target in targets:
            used = asyncio.run(master_keys_in_use(target))
            for key, count in sorted(used.items()):
                console.print(f"{target.service}: {key} × {count}", highlight=False)


COMMANDS: Mapping[str, Callable[..., None]] = {
    "add-master-key": add_master_key,
    "use-master-key": use_master_key,
    "rotate-master-key": rotate_master_key,
    "remove-master-key": remove_master_key,
    "master-keys": master_keys_used,
}
"""For `longxi secrets`, by name."""


def _service(file: Path) -> str:
    service = file.name.removesuffix(_ENDING)
    if service not in SERVICES or service == file.name:
        raise ValueError(f"{file.name} is not called <service>{_ENDING}, so its service is not known")
    return service


__all__ = ["COMMANDS"]
