"""`longxi restore` puts a backup in place; `longxi realign` brings services and log into step after other recoveries."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.backups import keeping, sealing
from shared.backups.failures import BackupFailed
from shared.backups.installation import Target, chosen, of_environment, of_secrets
from shared.backups.losing import ERASED, lost_since
from shared.backups.offsets import Log
from shared.backups.places import open_place
from shared.backups.realigning import Realigned
from shared.backups.realigning import realign as realign_databases
from shared.backups.restoring import How, Source, restore_databases, restore_keys
from shared.command.backing_up.options import (
    LOCAL,
    Apart,
    Databases,
    From,
    HomeOption,
    IdentityFile,
    Kafka,
    LostFile,
    ReplayDays,
    SecretsOption,
    backup_at,
    kafka_of,
    shanghai,
)
from shared.command.failing import plainly
from shared.contracts.catalogue import SERVICES
from shared.local.layout import Home

_FAILURES = (BackupFailed, OSError)


class Only(StrEnum):
    """A part of a backup."""

    DATABASES = "databases"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class _Where:
    """What is written to."""

    home: Path | None
    secrets: Path | None
    keys: Path | None
    kafka: str | None


def restore(
    from_: From,
    identity: IdentityFile,
    point: Annotated[
        str | None,
        typer.Option(help="备份名或时间，默认最新 · a backup's name or a time; the newest by default"),
    ] = None,
    home: HomeOption = None,
    secrets: SecretsOption = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="密钥写入此目录，默认同 --secrets · keys go here; by default into --secrets"),
    ] = None,
    key_files: Annotated[
        list[str] | None, typer.Option(help="只取这些密钥文件，如 'keys/*' · only these of the key files")
    ] = None,
    only: Annotated[
        Only | None, typer.Option(help="只恢复数据库或密钥 · only the databases, or only the keys")
    ] = None,
    databases: Databases = None,
    apart: Apart = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="替换已有内容的数据库 · take the place of databases that hold something"
        ),
    ] = False,
    replace_keys: Annotated[
        bool,
        typer.Option(
            "--replace-keys", help="替换不同的密钥文件，旧的留在旁边 · also of keys; the old stay beside"
        ),
    ] = False,
    keep_old: Annotated[
        bool, typer.Option("--keep-old", help="被替换的数据库改名保留 · keep the replaced databases, renamed")
    ] = False,
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="演练：恢复到旁边、核对、删除 · restore beside, compare, drop again"),
    ] = False,
    replay_days: ReplayDays = None,
    kafka: Kafka = None,
    lost: LostFile = None,
) -> None:
    """从备份恢复；先全部检查再动手 · Restore from a backup; everything is checked before anything is touched."""
    console = Console(stderr=True)

    def say(line: str) -> None:
        console.print(line, highlight=False)

    with plainly(console, *_FAILURES), ExitStack() as open_things:
        place = open_place(from_)
        identities = sealing.identities(identity)
        found = asyncio.run(keeping.verify(place, backup_at(place, point), identities))
        source = Source(place, found, identities, open_place(apart) if apart else None)
        say(f"{found.name}: 完整 whole, {len(found.files)} 个文件 files; as of {shanghai(found.moment)}")
        where = _Where(home.resolve() if home else None, secrets, keys, kafka)
        services = chosen(databases)
        if only is not Only.DATABASES and not rehearse:
            _restore_keys(source, where, key_files or [], replace=replace_keys, console=console)
        if only is Only.KEYS:
            return
        targets, others, log = _open(where, services, open_things)
        _reach(log)
        how = How(replace=replace, keep_old=keep_old, rehearse=rehearse, replay_days=replay_days)
        realigned = asyncio.run(restore_databases(source, targets, others, how, say=say))
        if realigned is None:
            say("演练完成，未作改动 rehearsed; nothing was changed")
            return
        if where.home is not None:
            from shared.backups.embedded import forget_migrations  # noqa: PLC0415 - an extra

            forget_migrations(Home(where.home))
        _tell(realigned, console)
        _settle_log(log, realigned, [*targets, *others], found.moment, lost, console)
        _next_steps(where, console, log_known=log is not None)


def realign(
    home: HomeOption = None,
    secrets: SecretsOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="恢复到的时刻（上海时间），用于列出丢失的事件 · moment that was recovered to; lists lost events"
        ),
    ] = None,
    replay_days: ReplayDays = None,
    kafka: Kafka = None,
    lost: LostFile = None,
) -> None:
    """按时间点恢复等之后使各服务与日志一致 · Bring services and log into step after a recovery; services are stopped."""
    console = Console(stderr=True)
    with plainly(console, *_FAILURES), ExitStack() as open_things:
        where = _Where(home.resolve() if home else None, secrets, None, kafka)
        targets, _, log = _open(where, SERVICES, open_things)
        _reach(log)
        realigned = asyncio.run(realign_databases(targets, replay_days=replay_days))
        _tell(realigned, console)
        moment = since.replace(tzinfo=LOCAL) if since else None
        _settle_log(log, realigned, targets, moment, lost, console)


def _restore_keys(
    source: Source, where: _Where, patterns: Sequence[str], *, replace: bool, console: Console
) -> None:
    folder = where.keys or where.secrets or where.home
    if source.found.keys is None or folder is None:
        console.print(
            "密钥未恢复 keys are not restored: 备份中没有或未给 --keys · none in it, or no --keys",
            highlight=False,
        )
        return
    done = restore_keys(source, folder, patterns, replace=replace)
    console.print(
        f"密钥 keys: 写入 written {len(done.written)}, 相同 the same {len(done.kept)}, 旧的留存 set aside {len(done.set_aside)}",
        highlight=False,
    )


def _open(
    where: _Where, services: Sequence[str], open_things: ExitStack
) -> tuple[list[Target], list[Target], Log | None]:
    """The databases that are meant, those of the other services, and the log where it is known."""
    rest = [service for service in SERVICES if service not in services]
    if where.home is not None:
        from shared.backups.embedded import log_of, standing_still, targets_of  # noqa: PLC0415 - an extra

        home = Home(where.home)
        url = open_things.enter_context(standing_still(home))
        log = kafka_of(where.kafka, None) or log_of(url)
        return targets_of(home, url, services), targets_of(home, url, rest), log
    if where.secrets is not None:
        targets, others = of_secrets(where.secrets, services), of_secrets(where.secrets, rest)
    else:
        targets, others = of_environment(services), of_environment(rest)
    return targets, others, kafka_of(where.kafka, where.secrets)


def _reach(log: Log | None) -> None:
    """Whether it answers is asked before anything is done, not after. Raises BackupFailed."""
    if log is not None:
        asyncio.run(log.move({}))


def _tell(realigned: Realigned, console: Console) -> None:
    for consumer, events in realigned.behind.items():
        if events:
            console.print(f"{consumer}: 待补 lacks {events} 条事件 events", highlight=False)
    for ahead in realigned.ahead:
        console.print(
            f"{ahead.consumer}: {ahead.topic} 有 {len(ahead.aggregates)} 个对象超前于发布方，已退回"
            f" streams were ahead of their publisher and were set back",
            highlight=False,
        )
    total = sum(realigned.sent_again.values())
    console.print(f"启动后将重发 {total} 条事件 events will be sent again at the start", highlight=False)


def _settle_log(
    log: Log | None,
    realigned: Realigned,
    targets: Sequence[Target],
    moment: datetime | None,
    file: Path | None,
    console: Console,
) -> None:
    if log is None:
        return
    if moment is not None:
        lost = asyncio.run(lost_since(log, moment, targets))
        for kind, events in sorted(lost.by_type.items()):
            console.print(f"丢失 lost: {events} × {kind}", highlight=False)
        if lost.by_type[ERASED]:
            console.print(
                f"其中 {lost.by_type[ERASED]} 位居民在备份之后被删除；使用最新密钥集恢复时已随之再次删除，否则须手工再删除"
                " residents were erased after the backup: with the newest key set they are erased in what was restored;"
                " without one, erase them again",
                style="red",
                highlight=False,
            )
        if file is not None:
            lost.write(file)
            console.print(f"清单 list: {file}", highlight=False)
    asyncio.run(log.move(realigned.groups))
    console.print("日志读取位置已移动 the groups' places on the log were moved", highlight=False)


def _next_steps(where: _Where, console: Console, *, log_known: bool) -> None:
    steps = []
    if not log_known:
        steps.append(
            "若 Kafka 的日志仍在，先运行 `longxi realign --kafka HOST:PORT` · if Kafka still has its log, first realign with it"
        )
    if where.home is not None:
        steps.append("`longxi run` · 会先升级数据库结构 migrates by itself")
    else:
        steps += [
            "每个服务 `migrate` · each service: migrate (compose does it at `up`)",
            "启动 Redis（清空）与各服务 · start Redis, emptied, and the services",
        ]
    steps += [
        "`longxi doctor`：等待重发完成、无死信 · wait until replays are done and nothing is dead",
        "告知区级平台与门户：备份之后的事实已丢失 · tell the district and the portals what was lost",
        "备份之后撤销的 API 密钥须再撤销 · revoke again the API keys that were revoked after the backup",
    ]
    console.print("接下来 what to do next:", highlight=False)
    for number, step in enumerate(steps, 1):
        console.print(f"  {number}. {step}", highlight=False)


__all__ = ["realign", "restore"]
