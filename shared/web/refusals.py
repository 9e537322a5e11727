"""What the HTTP layer itself refuses, before or around any feature."""

from collections.abc import Mapping

from shared.refusals import Conflict, InvalidValue, NotFound, Refusal


class PathNotFound(NotFound):
    type = "path-not-found"
    zh = "没有这个地址，请核对接口文档。"
    en = "There is nothing at this address; see the API documentation."


class MethodNotAllowed(Refusal):
    """Params: `allowed`, the methods of this path, comma separated."""

    status = 405
    type = "method-not-allowed"
    zh = "此地址不支持该方法，可用的方法：{allowed}。"
    en = "This address does not take that method; it takes: {allowed}."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Allow": str(self.params["allowed"])}


class MalformedBody(Refusal):
    """Params: `place_zh`, `place_en`, both empty where the parser does not say."""

    status = 400
    type = "malformed-body"
    zh = "请求正文不是有效的 JSON（UTF-8）{place_zh}。"
    en = "The body is not valid JSON in UTF-8{place_en}."

    @classmethod
    def at(cls, line: int, column: int) -> "MalformedBody":
        return cls(place_zh=f"：第 {line} 行第 {column} 列", place_en=f": line {line} column {column}")

    @classmethod
    def somewhere(cls) -> "MalformedBody":
        return cls(place_zh="", place_en="")


class UnsupportedMediaType(Refusal):
    status = 415
    type = "unsupported-media-type"
    zh = "请求正文的类型须为 application/json。"
    en = "The body has to be application/json."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json"}


class BodyTooLarge(Refusal):
    """Params: `limit` in bytes."""

    status = 413
    type = "body-too-large"
    zh = "请求正文过大，上限为 {limit} 字节。"
    en = "The body is too large; the limit is {limit} bytes."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Connection": "close"}


class BodyTooSlow(Refusal):
    """Params: `seconds`, the time a body may take."""

    status = 408
    type = "body-too-slow"
    zh = "请求正文未能在 {seconds} 秒内传完。"
    en = "The body did not arrive within {seconds} seconds."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Connection": "close"}


class ClientGone(Refusal):
    """The caller hung up while sending; nobody reads this answer, but it is counted as the caller's."""

    status = 400
    type = "client-gone"
    zh = "连接在正文传完之前已断开。"
    en = "The connection was closed before the body was complete."


class InvalidHeader(Refusal):
    """`field` names the header. Params: `expected_zh`, `expected_en`."""

    status = 400
    type = "invalid-header"
    zh = "请求头有误：{expected_zh}。"
    en = "A header is wrong: {expected_en}."


class InvalidAddress(Refusal):
    status = 400
    type = "invalid-address"
    zh = "地址或查询参数中含有不允许的控制字符。"
    en = "The address or its query contains a control character."


class InvalidCursor(InvalidValue):
    type = "invalid-cursor"
    zh = "分页游标无效或已不适用于此列表，请从第一页重新开始。"
    en = "The cursor is not valid for this list; start again from the first page."


class IdempotencyKeyReused(Refusal):
    status = 422
    type = "idempotency-key-reused"
    zh = "此 Idempotency-Key 已用于另一个不同的请求，请更换。"
    en = "This Idempotency-Key was used for a different request; take a new one."


class StillProcessing(Conflict):
    """The first request with this key has not finished within the time that a second one waits."""

    type = "still-processing"
    zh = "使用同一 Idempotency-Key 的请求仍在处理，请稍后重试。"
    en = "A request with the same Idempotency-Key is still being processed; try again shortly."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class PreconditionRequired(Refusal):
    status = 428
    type = "precondition-required"
    zh = "请在 If-Match 中提供所修改内容的 ETag。"
    en = "Give the ETag of what you are changing in If-Match."


class PreconditionFailed(Refusal):
    status = 412
    type = "precondition-failed"
    zh = "内容已被他人修改，请重新读取后再试。"
    en = "Someone has changed this since you read it; read it again first."


class TooManyRequests(Refusal):
    """Params: `limit` requests per `window` seconds, `retry` seconds to wait."""

    status = 429
    type = "too-many-requests"
    zh = "请求过于频繁：每 {window} 秒最多 {limit} 次，请在 {retry} 秒后重试。"
    en = "Too many requests: at most {limit} in {window} seconds; try again in {retry} seconds."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.params["retry"])}


class Unavailable(Refusal):
    status = 503
    type = "unavailable"
    zh = "服务暂时不可用，请稍后重试。"
    en = "The service is not available just now; try again shortly."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "5"}


class Unexpected(Refusal):
    """A fault of ours. The correlation id finds it in the log; nothing else is said."""

    status = 500
    type = "internal-error"
    zh = "系统内部错误，请将追踪号提供给管理员。"
    en = "Something went wrong here; give the correlation id to an administrator."
