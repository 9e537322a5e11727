"""The certificate of an erasure: what was destroyed, which copies there are, and how each of them is reached.

Plain Python. It names nobody: by its number and the record's id the community and the person find each other.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Copy:
    """A kind of place where something of the person lay, and what became of it there."""

    place: str
    zh: str
    en: str


COPIES = (
    Copy(
        "database",
        "数据库：密钥、检索索引、外部编号与明文字段已删除；其余内容为密文，任何人无法解密。",
        "The database: key, indexes, outside numbers and fields in clear are deleted; what is left is encrypted and can"
        " be opened by nobody.",
    ),
    Copy(
        "events",
        "事件与消息：从未含有个人信息，仅有编号；编号不再对应任何人。",
        "Events and messages: never held personal data, only ids, which now lead to nobody.",
    ),
    Copy(
        "other_services",
        "其他服务（网格工作、就业、通知）：收到删除事件后删除各自的记录与偏好。",
        "The other services (casework, employment, notifications): delete what they keep when they receive the event.",
    ),
    Copy(
        "caches",
        "缓存：联系方式缓存随删除事件清除，进程内密钥最长 5 分钟失效，且已不能打开任何内容。",
        "Caches: contacts are dropped with the event; a process forgets the key within 5 minutes and opens nothing with it"
        " meanwhile.",
    ),
    Copy(
        "backups",
        "备份：数据库备份不含密钥与检索索引，它们单独存放且只保留最新一份；最迟在下一次备份时该密钥从中消失，"
        "此后任何旧备份恢复后均无法读取此人信息。",
        "Backups: those of the database hold neither keys nor indexes. These are kept apart, in their newest state only; with"
        " the next backup at the latest the key is gone from there too, and no older backup shows the person any more.",
    ),
    Copy(
        "log_archive",
        "如启用了数据库日志归档（按时间点恢复）：归档在保留期满后删除，期满前其中可能仍有已加密的密钥。",
        "If the database's log is archived (recovery to a point in time): the archive may hold the wrapped key until its"
        " files are removed at the end of their time.",
    ),
)
"""In the order in which the certificate shows them (docs/decisions/erasure-reaches-backups.md)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """All of it is ids, codes, times and numbers."""

    community: str
    resident: UUID
    at: datetime
    reason: str
    by_role: str
    destroyed: Mapping[str, int]
    key: str
    """SHA-256 of the wrapped key that was destroyed, hexadecimal."""

    @property
    def number(self) -> str:
        """`E261128-1A2B3C4D`: the day, and the first of the digest."""
        return f"E{self.at:%y%m%d}-{self.digest[:8].upper()}"

    @property
    def digest(self) -> str:
        """SHA-256 over the content, keys sorted; hexadecimal. Whoever has the content can compute it again."""
        content = {**asdict(self), "resident": str(self.resident), "at": self.at.isoformat()}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Remains:
    """What is found of an erased record when somebody looks again. All have to be 0."""

    keys: int
    indexes: int
    references: int
    fields: int

    @property
    def none(self) -> bool:
        return self == Remains(0, 0, 0, 0)


__all__ = ["COPIES", "Certificate", "Copy", "Remains"]
