"""What is wrong with a field, in both languages, by Pydantic's error type.

https://docs.pydantic.dev/latest/errors/validation_errors/ lists the types. Templates take numbers and expected words
from the error's context only; `{input}` and parser messages are not used, since they quote what somebody typed.
"""

from collections.abc import Mapping

from shared.refusals import Language

Words = tuple[str, str]
"""Chinese, English."""

_TYPES: dict[str, Words] = {
    "missing": ("缺少必填项", "This field is required"),
    "extra_forbidden": ("不认识的字段", "There is no such field"),
    "model_type": ("应为对象", "Has to be an object"),
    "model_attributes_type": ("应为对象", "Has to be an object"),
    "dataclass_type": ("应为对象", "Has to be an object"),
    "dict_type": ("应为对象", "Has to be an object"),
    "list_type": ("应为数组", "Has to be an array"),
    "tuple_type": ("应为数组", "Has to be an array"),
    "set_type": ("应为数组", "Has to be an array"),
    "frozen_set_type": ("应为数组", "Has to be an array"),
    "string_type": ("应为文本", "Has to be text"),
    "int_type": ("应为整数", "Has to be a whole number"),
    "int_parsing": ("应为整数", "Has to be a whole number"),
    "int_from_float": ("应为整数，不能带小数", "Has to be a whole number without a fraction"),
    "int_parsing_size": ("整数过大", "The number is too large"),
    "float_type": ("应为数字", "Has to be a number"),
    "float_parsing": ("应为数字", "Has to be a number"),
    "finite_number": ("应为有限的数字", "Has to be a finite number"),
    "decimal_type": ("应为数字", "Has to be a number"),
    "decimal_parsing": ("应为数字", "Has to be a number"),
    "bool_type": ("应为 true 或 false", "Has to be true or false"),
    "bool_parsing": ("应为 true 或 false", "Has to be true or false"),
    "recursion_depth_exceeded": ("嵌套过深", "Is nested too deeply"),
    "none_required": ("应为空", "Has to be null"),
}
_TIMES: dict[str, Words] = {
    "date_type": ("应为日期，如 2026-11-18", "Has to be a date such as 2026-11-18"),
    "date_parsing": ("应为有效日期，如 2026-11-18", "Has to be a real date such as 2026-11-18"),
    "date_from_datetime_parsing": ("应为有效日期，如 2026-11-18", "Has to be a real date such as 2026-11-18"),
    "date_from_datetime_inexact": ("应只有日期，不带时间", "Has to be a date without a time"),
    "date_past": ("应为过去的日期", "Has to be in the past"),
    "date_future": ("应为将来的日期", "Has to be in the future"),
    "datetime_type": (
        "应为时间，如 2026-11-18T10:00:00+08:00",
        "Has to be a time such as 2026-11-18T10:00:00+08:00",
    ),
    "datetime_parsing": (
        "应为有效时间，如 2026-11-18T10:00:00+08:00",
        "Has to be a real time such as 2026-11-18T10:00:00+08:00",
    ),
    "datetime_from_date_parsing": (
        "应为有效时间，如 2026-11-18T10:00:00+08:00",
        "Has to be a real time such as 2026-11-18T10:00:00+08:00",
    ),
    "datetime_object_invalid": ("时间无效", "The time is not valid"),
    "datetime_past": ("应为过去的时间", "Has to be in the past"),
    "datetime_future": ("应为将来的时间", "Has to be in the future"),
    "timezone_aware": ("时间须带时区，如 +08:00", "The time needs a zone, such as +08:00"),
    "timezone_naive": ("时间不能带时区", "The time has to be without a zone"),
    "timezone_offset": ("时区不对", "The time zone is not the expected one"),
    "time_type": ("应为时刻，如 08:30", "Has to be a time of day such as 08:30"),
    "time_parsing": ("应为时刻，如 08:30", "Has to be a time of day such as 08:30"),
    "time_delta_type": ("应为时长，如 PT30M", "Has to be a duration such as PT30M"),
    "time_delta_parsing": ("应为时长，如 PT30M", "Has to be a duration such as PT30M"),
    "in_future": ("不能晚于现在", "Cannot be in the future"),
    "time_out_of_range": ("年份须在 1900 至 2199 之间", "The year has to be from 1900 to 2199"),
}
_SIZES: dict[str, Words] = {
    "string_too_short": ("至少 {min_length} 个字符", "At least {min_length} characters"),
    "string_too_long": ("最多 {max_length} 个字符", "At most {max_length} characters"),
    "too_short": ("至少 {min_length} 项", "At least {min_length} items"),
    "too_long": ("最多 {max_length} 项", "At most {max_length} items"),
    "bytes_too_short": ("至少 {min_length} 字节", "At least {min_length} bytes"),
    "bytes_too_long": ("最多 {max_length} 字节", "At most {max_length} bytes"),
    "greater_than": ("应大于 {gt}", "Has to be greater than {gt}"),
    "greater_than_equal": ("应不小于 {ge}", "Has to be at least {ge}"),
    "less_than": ("应小于 {lt}", "Has to be less than {lt}"),
    "less_than_equal": ("应不大于 {le}", "Has to be at most {le}"),
    "multiple_of": ("应为 {multiple_of} 的倍数", "Has to be a multiple of {multiple_of}"),
    "decimal_max_digits": ("最多 {max_digits} 位数字", "At most {max_digits} digits"),
    "decimal_max_places": ("最多 {decimal_places} 位小数", "At most {decimal_places} decimal places"),
    "decimal_whole_digits": (
        "整数部分最多 {whole_digits} 位",
        "At most {whole_digits} digits before the point",
    ),
}
_WORDS: dict[str, Words] = {
    "string_pattern_mismatch": ("格式不对", "Is not in the expected form"),
    "string_unicode": ("应为有效的 Unicode 文本", "Has to be valid Unicode text"),
    "string_sub_type": ("应为文本", "Has to be text"),
    "enum": ("应为其中之一：{expected}", "Has to be one of: {expected}"),
    "literal_error": ("应为其中之一：{expected}", "Has to be one of: {expected}"),
    "union_tag_invalid": ("类型应为其中之一：{expected_tags}", "Its kind has to be one of: {expected_tags}"),
    "union_tag_not_found": (
        "缺少说明类型的字段 {discriminator}",
        "The field {discriminator} that says its kind is missing",
    ),
    "uuid_type": ("应为 UUID", "Has to be a UUID"),
    "uuid_parsing": ("应为 UUID", "Has to be a UUID"),
    "uuid_version": ("应为第 {expected_version} 版 UUID", "Has to be a UUID of version {expected_version}"),
    "url_type": ("应为网址", "Has to be a URL"),
    "url_parsing": ("应为有效网址", "Has to be a valid URL"),
    "url_syntax_violation": ("应为有效网址", "Has to be a valid URL"),
    "url_too_long": ("网址最长 {max_length} 个字符", "A URL of at most {max_length} characters"),
    "url_scheme": ("网址须以 {expected_schemes} 开头", "The URL has to begin with {expected_schemes}"),
    "bytes_type": ("应为字节", "Has to be bytes"),
    "control_character": ("含有不允许的控制字符", "Contains a control character"),
    "lone_surrogate": ("含有无效的字符编码", "Contains an invalid character code"),
    "blank": ("不能为空白", "Cannot be blank"),
}
_ALL: Mapping[str, Words] = {**_TYPES, **_TIMES, **_SIZES, **_WORDS}
_OTHERWISE: Words = ("不合要求", "Is not acceptable")


def known_types() -> frozenset[str]:
    return frozenset(_ALL)


def message(error_type: str, context: Mapping[str, object], language: Language) -> str:
    """What is wrong, without what was given. A type not known here gets a general word."""
    zh, en = _ALL.get(error_type, _OTHERWISE)
    template = zh if language == "zh" else en
    try:
        return template.format_map(context)
    except KeyError:
        return _OTHERWISE[0 if language == "zh" else 1]


__all__ = ["known_types", "message"]
