"""The routes that manage API keys of portals. A service mounts them with its own permissions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request

from shared.refusals import InvalidValue
from shared.security.api_keys import ApiKey, KeyNotFound, create_key, list_keys, revoke_key
from shared.security.permits import permit
from shared.security.principal import Role
from shared.web.call import Call
from shared.web.paging import Cursor, Page, cursor_query, limit_query, page
from shared.web.refusing import refuses
from shared.web.wire import Model, Moment, Text

PERMISSION = "keys:write"


class PermissionNotGrantable(InvalidValue):
    """Params: `permission` is not quoted, since it is what the caller typed; `grantable` is what portals may do."""

    type = "permission-not-grantable"
    zh = "接口密钥只能包含门户角色的权限：{grantable}。"
    en = "A key can hold only what the role portal may do: {grantable}."


class ExpiryPassed(InvalidValue):
    type = "expiry-passed"
    zh = "失效时间须在将来。"
    en = "The expiry has to be in the future."


class CreateKey(Model):
    label: Annotated[str, Text(100)]
    """Which portal it is for, in the words of whoever makes it."""
    permissions: Annotated[list[Annotated[str, Text(64)]], Field(min_length=1, max_length=50)]
    """What the key may do, at most what the role portal may."""
    per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Its own rate limit; by default that of the role."""
    expires_at: Moment | None = None


class KeyLine(Model):
    """A key without its secret."""

    id: UUID
    label: str
    permissions: list[str]
    per_minute: int | None
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the hour."""


class CreatedKey(Model):
    key: str
    """The key itself. It is shown this once and cannot be had again."""
    line: KeyLine


def key_routes() -> APIRouter:
    """Create, list and revoke API keys of the caller's tenant."""
    router = APIRouter(prefix="/v1/api-keys", tags=["api-keys"])

    @router.post("", status_code=201, responses=refuses(PermissionNotGrantable, ExpiryPassed))
    async def create_api_key(
        body: CreateKey, call: Annotated[Call, permit(PERMISSION)], request: Request
    ) -> CreatedKey:
        """Make a key. Without Idempotency-Key: a repeated call must not be answered with the secret again."""
        grantable = request.app.state.permissions.get(Role.PORTAL, frozenset())
        if not grantable.issuperset(body.permissions):
            raise PermissionNotGrantable(field="permissions", grantable=", ".join(sorted(grantable)))
        if body.expires_at is not None and body.expires_at <= call.now:
            raise ExpiryPassed(field="expires_at")
        async with call.transaction() as session:
            key, text = await create_key(
                session,
                label=body.label,
                permissions=set(body.permissions),
                per_minute=body.per_minute,
                expires_at=body.expires_at,
                created_by=call.principal.subject,
                now=call.now,
            )
        return CreatedKey(key=text, line=_line(key))

    @router.get("")
    async def list_api_keys(
        call: Annotated[Call, permit(PERMISSION)],
        cursor: Annotated[Cursor | None, cursor_query] = None,
        limit: Annotated[int, limit_query] = 50,
    ) -> Page[KeyLine]:
        """All keys, revoked ones included, oldest first."""
        after = cursor.take(UUID)[0] if cursor else None
        async with call.transaction() as session:
            keys = await list_keys(session, after=after, limit=limit + 1)
        return page(keys, limit, item=_line, position=lambda key: (key.id,))

    @router.delete("/{id}", responses=refuses(KeyNotFound))
    async def revoke_api_key(
        id: UUID, call: Annotated[Call, permit(PERMISSION)], request: Request
    ) -> KeyLine:
        """Revoke a key: at once here, within five seconds in every other process. Again changes nothing."""
        async with call.transaction() as session:
            key = await revoke_key(session, id, call.now)
        request.app.state.authenticator.forget()
        return _line(key)

    return router


def _line(key: ApiKey) -> KeyLine:
    return KeyLine(
        id=key.id,
        label=key.label,
        permissions=sorted(key.permissions),
        per_minute=key.per_minute,
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        revoked_at=key.revoked_at,
        last_used_at=key.last_used_at,
    )


__all__ = ["PERMISSION", "key_routes"]
