"""How much may be attached, of what kind, and until when. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound, Refusal

MEGABYTE = 1024 * 1024
MOST_MEGABYTES = 25
"""What a tenant may set at most: the body of an upload is held in memory, and checked there. Our own choice."""


class MediaType(StrEnum):
    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"

    @property
    def extension(self) -> str:
        return {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}.get(self.value, "pdf")


class AttachmentNotFound(NotFound):
    type = "attachment-not-found"
    zh = "没有这个附件。"
    en = "There is no such attachment."


class AttachmentUnreadable(Refusal):
    status = 410
    type = "attachment-unreadable"
    zh = "附件已随居民的个人信息一并销毁，无法恢复。"
    en = "The attachment was destroyed with the resident's personal data and cannot be had back."


class AttachmentsOff(Refusal):
    status = 503
    type = "attachments-off"
    zh = "本平台没有设置附件的存放位置，请联系管理员。"
    en = "This platform has no place for attachments; ask its operator."


class AttachmentsUnavailable(Refusal):
    status = 503
    type = "attachments-unavailable"
    zh = "附件暂时无法存取，请稍后重试。"
    en = "Attachments cannot be stored or read just now; try again shortly."

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "5"}


class TooManyAttachments(Conflict):
    """Params: `most`."""

    type = "too-many-attachments"
    zh = "每件诉求最多 {most} 个附件。"
    en = "A request has at most {most} attachments."


class RequestResting(Conflict):
    type = "request-resting"
    zh = "诉求已办结或已撤回，不能再添加附件；如需补充，请先申请重新办理。"
    en = "The request has ended, and nothing can be attached to it; have it reopened first."


class TooLargeAttachment(Refusal):
    """Params: `limit` in bytes."""

    status = 413
    type = "attachment-too-large"
    zh = "附件过大，上限为 {limit} 字节。"
    en = "The attachment is too large; the limit is {limit} bytes."


class WrongContent(Refusal):
    """What was sent is not what may be attached. Params: none, since the content is not quoted."""

    status = 415
    type = "attachment-content"
    zh = "只能添加 JPEG、PNG、WebP 图片和 PDF 文件；以内容为准，与文件名无关。"
    en = "JPEG, PNG and WebP images and PDF files may be attached; it is the content that counts."


class DamagedImage(InvalidValue):
    type = "attachment-damaged"
    zh = "图片已损坏，无法读取。"
    en = "The image is damaged and cannot be read."


class HugeImage(InvalidValue):
    """Params: `pixels`."""

    type = "attachment-pixels"
    zh = "图片尺寸过大，上限为 {pixels} 像素。"
    en = "The image has too many pixels; the limit is {pixels}."


class ActiveDocument(InvalidValue):
    type = "attachment-active"
    zh = "PDF 文件含有脚本、内嵌文件、加密或附加数据，请另存为普通 PDF 后再试。"
    en = "The PDF has scripts, embedded files, encryption or data behind its end; save it as a plain PDF."


class LinkInvalid(Forbidden):
    type = "link-invalid"
    zh = "链接无效或已过期，请重新获取。"
    en = "The link is not valid, or not any more; get a new one."


@dataclass(frozen=True, slots=True)
class AttachmentTerms:
    """What a community allows. Table `attachments` of its settings."""

    megabytes: int = 10
    """Of one attachment. A telephone's photo has 3 to 8."""
    number: int = 9
    """For one request: what WeChat lets people choose at once."""

    @property
    def bytes(self) -> int:
        return self.megabytes * MEGABYTE

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "AttachmentTerms":
        """Raises ValueError that names the setting at fault."""
        unknown = settings.keys() - {"megabytes", "number"}
        if unknown:
            raise ValueError(f"attachments: there is no setting {min(unknown)!r}")
        terms = cls(**settings)
        for name, most in (("megabytes", MOST_MEGABYTES), ("number", 100)):
            value = getattr(terms, name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
                raise ValueError(f"attachments.{name}: a whole number from 0 to {most}")
        return terms


def ended_for(role: str, *, resting: bool) -> bool:
    """Whether nothing may be attached any more: whoever works on it may add the proof of what was done afterwards."""
    return resting and role not in {"worker", "head"}
