"""API keys of portals: `lxk_<id>_<secret>`, the id a UUID in hexadecimal, the secret 256 random bits.

The secret is shown once and stored as its SHA-256 hash: with that much randomness a slow password hash adds nothing
(NIST SP 800-63B, section 5.1.2.2, on look-up secrets). The fixed prefix lets secret scanners find a leaked key.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database, new_id
from shared.refusals import NotFound
from shared.security.tables import API_KEY

PREFIX = "lxk_"
_SECRET_BYTES = 32
_USE_NOTED_EVERY = timedelta(hours=1)  # a write for each call would cost more than the answer is worth
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as stored, without its secret."""

    id: UUID
    tenant: str
    label: str
    permissions: frozenset[str]
    per_minute: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and not self.has_expired(now)

    def has_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


class KeyNotFound(NotFound):
    type = "key-not-found"
    zh = "没有找到这个接口密钥。"
    en = "There is no such API key."


async def create_key(
    session: AsyncSession,
    *,
    label: str,
    permissions: Iterable[str],
    per_minute: int | None,
    expires_at: datetime | None,
    created_by: str,
    now: datetime,
) -> tuple[ApiKey, str]:
    """The stored key and its text, which exists nowhere else from then on."""
    id, secret = new_id(), secrets.token_urlsafe(_SECRET_BYTES)
    row = (
        await session.execute(
            insert(API_KEY)
            .values(
                id=id,
                label=label,
                secret_hash=_hash(secret),
                permissions=sorted(permissions),
                per_minute=per_minute,
                created_at=now,
                created_by=created_by,
                expires_at=expires_at,
            )
            .returning(API_KEY)
        )
    ).one()
    return _key(row._mapping), f"{PREFIX}{id.hex}_{secret}"


async def list_keys(session: AsyncSession, *, after: UUID | None, limit: int) -> list[ApiKey]:
    """The tenant's keys in the order they were made, revoked ones included."""
    statement = select(API_KEY).order_by(API_KEY.c.id).limit(limit)
    if after is not None:
        statement = statement.where(API_KEY.c.id > after)
    return [_key(row._mapping) for row in await session.execute(statement)]


async def revoke_key(session: AsyncSession, id: UUID, now: datetime) -> ApiKey:
    """Revoking a revoked key changes nothing. Raises KeyNotFound."""
    await session.execute(
        update(API_KEY).where(API_KEY.c.id == id, API_KEY.c.revoked_at.is_(None)).values(revoked_at=now)
    )
    row = (await session.execute(select(API_KEY).where(API_KEY.c.id == id))).one_or_none()
    if row is None:
        raise KeyNotFound
    return _key(row._mapping)


async def find_key(database: Database, text: str, now: datetime) -> ApiKey | None:
    """The key with this text, live or not; None for one that never was. Notes the use of a live one, hourly."""
    parsed = _parse(text)
    if parsed is None:
        return None
    id, secret = parsed
    async with database.everywhere() as session:
        row = (await session.execute(select(API_KEY).where(API_KEY.c.id == id))).one_or_none()
        stored = _NOBODY if row is None else row.secret_hash
        if not hmac.compare_digest(_hash(secret), stored) or row is None:
            return None
        key = _key(row._mapping)
        if key.is_live(now):
            await _note_use(session, key, now)
    return key


async def _note_use(session: AsyncSession, key: ApiKey, now: datetime) -> None:
    before = now - _USE_NOTED_EVERY
    if key.last_used_at is None or key.last_used_at < before:
        used = API_KEY.c.last_used_at
        await session.execute(
            update(API_KEY)
            .where(API_KEY.c.id == key.id, or_(used.is_(None), used < before))
            .values(last_used_at=now)
        )


def _parse(text: str) -> tuple[UUID, str] | None:
    id, separator, secret = text.removeprefix(PREFIX).partition("_")
    if not text.startswith(PREFIX) or not separator or len(id) != 32:
        return None
    try:
        return UUID(hex=id), secret
    except ValueError:
        return None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        tenant=row["tenant"],
        label=row["label"],
        permissions=frozenset(row["permissions"]),
        per_minute=row["per_minute"],
        created_at=row["created_at"],
        created_by=row["created_by"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


__all__ = ["PREFIX", "ApiKey", "KeyNotFound", "create_key", "find_key", "list_keys", "revoke_key"]
