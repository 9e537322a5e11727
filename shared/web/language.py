"""The language of the words that people see: Chinese unless the caller asks for English."""

from functools import lru_cache

from shared.refusals import Language

DEFAULT: Language = "zh"
CONTENT_LANGUAGE: dict[Language, bytes] = {"zh": b"zh-CN", "en": b"en"}
_MAX_HEADER = 500


@lru_cache(maxsize=512)
def negotiate(accept: bytes | None) -> Language:
    """The preferred of our two languages by Accept-Language (RFC 9110, section 12.5.4)."""
    if not accept or len(accept) > _MAX_HEADER:
        return DEFAULT
    best: tuple[float, Language] = (0.0, DEFAULT)
    for entry in accept.decode("latin-1").split(","):
        tag, _, parameter = entry.partition(";")
        language = _ours(tag.strip().lower())
        quality = _quality(parameter)
        if language is not None and quality > best[0]:
            best = (quality, language)
    return best[1]


def _ours(tag: str) -> Language | None:
    if tag == "zh" or tag.startswith("zh-") or tag == "*":
        return "zh"
    if tag == "en" or tag.startswith("en-"):
        return "en"
    return None


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


__all__ = ["CONTENT_LANGUAGE", "DEFAULT", "negotiate"]
