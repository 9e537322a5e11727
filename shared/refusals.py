"""An expected "no": what was asked cannot be done, and the caller is told why, in both languages.

Standard library only, so that rules may refuse without knowing of HTTP. `shared.web` turns a refusal into an
RFC 9457 problem with the same `type` and status.
"""

from typing import ClassVar, Literal

Language = Literal["zh", "en"]


class Refusal(Exception):
    """Base of all named refusals. `zh` and `en` are format strings that `params` fill.

    Params hold codes, ids, times and numbers, never what a person typed in.
    """

    status: ClassVar[int] = 400
    type: ClassVar[str] = "refused"
    zh: ClassVar[str] = "请求无法处理。"
    en: ClassVar[str] = "The request cannot be carried out."

    def __init__(self, *, field: str | None = None, **params: object) -> None:
        self.field = field
        """The field at fault as a JSON pointer or name, where there is one."""
        self.params = params
        super().__init__(self.message("en"))

    def message(self, language: Language) -> str:
        return (self.zh if language == "zh" else self.en).format(**self.params)


class NotFound(Refusal):
    status = 404
    type = "not-found"
    zh = "没有找到所请求的内容。"
    en = "There is no such thing here."


class Forbidden(Refusal):
    status = 403
    type = "forbidden"
    zh = "您没有进行此操作的权限。"
    en = "You may not do this."


class Conflict(Refusal):
    status = 409
    type = "conflict"
    zh = "与现有内容冲突。"
    en = "This conflicts with what is already there."


class IllegalMove(Refusal):
    """A state machine does not allow the move. Params: noun, state, move, allowed (words, comma separated)."""

    status = 409
    type = "illegal-move"
    zh = "当前状态“{state}”不允许“{move}”；允许的操作：{allowed}。"
    en = "A {noun} that is {state} cannot {move}; it can: {allowed}."


class InvalidValue(Refusal):
    """A value is well formed but wrong. `field` names it; params: `reason_zh`, `reason_en`."""

    status = 422
    type = "invalid-value"
    zh = "{reason_zh}"
    en = "{reason_en}"


__all__ = ["Conflict", "Forbidden", "IllegalMove", "InvalidValue", "Language", "NotFound", "Refusal"]
