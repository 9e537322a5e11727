"""Why a caller is turned away: 401 where the credential is at fault, 403 where the permission is missing."""

from collections.abc import Mapping

from shared.refusals import Forbidden, Refusal

REALM = "longxi"


class Unauthenticated(Refusal):
    """No one is known to be calling. The answer carries WWW-Authenticate (RFC 9110, section 11.6.1; RFC 6750)."""

    status = 401
    type = "unauthenticated"
    zh = "请先登录或提供有效的访问令牌。"
    en = "Give a valid access token."
    error: str | None = None
    """RFC 6750's error code; none where no credential was given at all."""

    @property
    def headers(self) -> Mapping[str, str]:
        error = f', error="{self.error}", error_description="{self.type}"' if self.error else ""
        return {"WWW-Authenticate": f'Bearer realm="{REALM}"{error}'}


class TokenMissing(Unauthenticated):
    type = "token-missing"
    zh = "缺少访问令牌：请在 Authorization 头中提供 Bearer 令牌或接口密钥。"
    en = "The access token is missing: send a bearer token or an API key in the Authorization header."


class TokenInvalid(Unauthenticated):
    """Deliberately silent on what is wrong with it: that is in the log, not for whoever forges tokens."""

    type = "token-invalid"
    zh = "访问令牌无效。"
    en = "The access token is not valid."
    error = "invalid_token"


class TokenExpired(Unauthenticated):
    type = "token-expired"
    zh = "访问令牌已过期，请重新获取。"
    en = "The access token has expired; get a new one."
    error = "invalid_token"


class NotPermitted(Forbidden):
    """Params: `needed`, the permissions of which any one suffices."""

    type = "not-permitted"
    zh = "您没有此操作所需的权限：{needed}。"
    en = "This needs a permission that you do not have: {needed}."

    @property
    def headers(self) -> Mapping[str, str]:
        scope = str(self.params["needed"]).replace(", ", " ")
        return {"WWW-Authenticate": f'Bearer realm="{REALM}", error="insufficient_scope", scope="{scope}"'}


class IssuerUnavailable(Refusal):
    """The token may be good, but its issuer's keys cannot be fetched just now."""

    status = 503
    type = "issuer-unavailable"
    zh = "身份认证服务暂时无法访问，请稍后重试。"
    en = "The identity provider cannot be reached just now; try again shortly."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "10"}


__all__ = [
    "IssuerUnavailable",
    "NotPermitted",
    "TokenExpired",
    "TokenInvalid",
    "TokenMissing",
    "Unauthenticated",
]
