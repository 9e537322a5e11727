"""`longxi secrets`: the files of an installation's secrets."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.command.failing import plainly
from shared.provisioning import rotating
from shared.provisioning import secrets as kept
from shared.provisioning.failures import CannotPrepare
from shared.provisioning.files import GROUP, hand_over

app = typer.Typer(help="密钥与证书 · Secrets and certificates of an installation", no_args_is_help=True)
Folder = Annotated[
    Path, typer.Option(envvar="LONGXI_SECRETS", help="存放密钥的目录 · the folder of the secrets")
]
Host = Annotated[
    list[str] | None,
    typer.Option("--host", help="对外的域名或地址，可多次 · public name or address; may be given again"),
]
_FOLDER = Path("deploy/secrets")


@app.command()
def init(
    folder: Folder = _FOLDER,
    host: Host = None,
    group: Annotated[int, typer.Option(help="容器进程所属的组 · group of the containers' processes")] = GROUP,
    trial: Annotated[
        bool, typer.Option("--trial", help="另建试用的令牌签发者 · also an issuer of tokens, to try it out")
    ] = False,
) -> None:
    """生成缺少的密钥，已有的不变 · Make the secrets that are missing; what is there stays."""
    console = Console(stderr=True)
    with plainly(console, OSError, ValueError):
        report = kept.init(folder, _hosts(host), trial=trial)
        handed = hand_over(folder, group)
    console.print(f"{folder}: 新建 made {len(report.made)}, 已有 kept {len(report.kept)}", highlight=False)
    if not handed:
        console.print(
            f"未能把文件交给组 {group} · the files could not be given to group {group}: "
            "在 .env 中把 SECRETS_GID 设为本人的组 · set SECRETS_GID in .env to your own group (`id -g`)",
            highlight=False,
        )
    console.print(
        "请另行备份 keys/，没有它加密的个人信息谁也读不出 · back up keys/ apart: without it nobody can read what is sealed",
        highlight=False,
    )


@app.command()
def check(
    folder: Folder = _FOLDER,
    host: Annotated[
        list[str] | None,
        typer.Option(
            "--host",
            envvar="LONGXI_DOMAIN",
            help="证书须包含的域名 · names that the certificates have to be for",
        ),
    ] = None,
) -> None:
    """检查是否缺少、过弱、有误或将到期 · Say what is missing, weak, wrong or ends soon; exits with 1 if anything is."""
    console = Console(stderr=True)
    with plainly(console, OSError, ValueError):
        report = kept.check(folder, public=host or [])
    for line in report.wrong:
        console.print(f"异常 {line}", highlight=False, soft_wrap=True)
    for line in report.known:
        console.print(f"提醒 {line}", highlight=False, soft_wrap=True)
    console.print(f"正常 good {len(report.kept)}, 异常 wrong {len(report.wrong)}", highlight=False)
    raise typer.Exit(1 if report.wrong else 0)


@app.command("renew-certificates")
def renew_certificates(
    folder: Folder = _FOLDER,
    host: Host = None,
    group: Annotated[int, typer.Option(help="容器进程所属的组 · group of the containers' processes")] = GROUP,
) -> None:
    """重新签发网关与 Kafka 的证书 · Make both certificates anew, for the names that they have; then restart both."""
    console = Console(stderr=True)
    with plainly(console, OSError, ValueError):
        for name in kept.renew(folder, host or []):
            console.print(f"已签发 made {name}", highlight=False)
        hand_over(folder, group)


@app.command()
def rotate(
    names: Annotated[list[str], typer.Argument(help="密钥文件名 · names of the secrets' files")],
    folder: Folder = _FOLDER,
    kafka: Annotated[
        str,
        typer.Option(
            envvar="KAFKA_BOOTSTRAP_SERVERS", help="Kafka 地址，仅换 admin 口令时用 · only for admin's"
        ),
    ] = "kafka:9092",
) -> None:
    """换新密钥，并说明如何生效 · Make a new secret in the old one's place, and say what makes it take effect."""
    console = Console(stderr=True)
    then: list[str] = []
    with plainly(console, CannotPrepare, OSError, ValueError):
        for name in names:
            rotated = asyncio.run(rotating.rotate(folder, name, kafka=kafka))
            console.print(f"已更换 changed {', '.join(rotated.files)}", highlight=False)
            then += [step for step in rotated.then if step not in then]
    console.print("接下来执行 · then run", highlight=False)
    for step in then:
        console.print(f"  {step}", highlight=False, soft_wrap=True, markup=False)


@app.command("forget-service-key")
def forget_service_key(folder: Folder = _FOLDER) -> None:
    """不再信任旧的服务密钥 · Trust the services' present key alone, when all of them run with it."""
    console = Console(stderr=True)
    with plainly(console, OSError, ValueError):
        forgotten = rotating.forget_service_key(folder)
    console.print(f"不再信任 no longer trusted: {', '.join(forgotten) or '—'}", highlight=False)


def _hosts(given: list[str] | None) -> kept.Hosts:
    usual = kept.Hosts()
    return kept.Hosts(public=tuple(dict.fromkeys([*(given or []), *usual.public])))
