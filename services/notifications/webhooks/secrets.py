"""Signing secrets at rest: encrypted with a data key of the webhook's own, wrapped by a master key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.webhooks.rules import OVERLAP, new_secret
from shared.database import DataKey, Keyring
from shared.refusals import Refusal


class NoMasterKey(Refusal):
    """Webhooks need MASTER_KEY_FILE, since their secrets are kept encrypted."""

    status = 503
    type = "no-master-key"
    zh = "此服务没有配置主密钥，暂时不能使用 Webhook。"
    en = "This service has no master key, so webhooks cannot be used."


class Secrets:
    def __init__(self, keyring: Keyring | None) -> None:
        self._keyring = keyring

    def new(self, webhook: UUID) -> dict[str, object]:
        """Columns of a new webhook. Raises NoMasterKey."""
        key = self._ring().new_data_key()
        return {"wrapped_key": key.wrapped, "secret": _seal(key, webhook, new_secret())}

    def rotated(self, row: Mapping[str, Any], now: datetime) -> dict[str, object]:
        """Columns after a rotation: a new secret, and the one of until now beside it for a day."""
        key = self._ring().unwrap(row["wrapped_key"])
        return {
            "secret": _seal(key, row["id"], new_secret()),
            "old_secret": row["secret"],
            "old_secret_until": now + OVERLAP,
        }

    def active(self, row: Mapping[str, Any], now: datetime) -> list[str]:
        """The secrets that sign now, the newest first."""
        key = self._ring().unwrap(row["wrapped_key"])
        found = [_open(key, row["id"], row["secret"])]
        if row["old_secret"] is not None and row["old_secret_until"] > now:
            found.append(_open(key, row["id"], row["old_secret"]))
        return found

    def _ring(self) -> Keyring:
        if self._keyring is None:
            raise NoMasterKey
        return self._keyring


def _seal(key: DataKey, webhook: UUID, secret: str) -> bytes:
    return key.encrypt(secret, context=f"webhook.secret:{webhook}")


def _open(key: DataKey, webhook: UUID, blob: bytes) -> str:
    return key.decrypt(blob, context=f"webhook.secret:{webhook}")
