"""One way to write what people write in many: ３幢, 三栋, 3#, 3号楼 are all 3栋."""

import re
import unicodedata

# An address is a line; what is longer is a story, and its beginning has to do.
LENGTH = 200

_DIGITS = {numeral: value for value, numeral in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_SCALES = {"十": 10, "百": 100}
# Numerals are read as numbers only where a number belongs: 三栋 is 3栋, but 四季花园, 五一路 and 第一小学 are names.
_COUNTED = "栋|幢|座|号|单元|楼|层|室|户|期|区|弄"
_NUMERALS = re.compile(rf"([零〇一二两三四五六七八九十百]+)(?={_COUNTED}|#)")
_DROPPED = re.compile(r"[\s,，.。;；:：、·'\"“”‘’()\[\]{}<>《》【】「」!！?？*_/\\|]+")
_DASHES = re.compile(r"[-\u2010-\u2015\u2212~～]+")
# Letters stay with the number: A3栋, 3B栋, A座.
_BUILDING = re.compile(
    r"(?<![\dA-Z])([A-Z]?\d{1,4}[A-Z]?)(?:号楼|#楼?(?!线)|号栋|栋楼|幢楼?|号幢|座|楼栋)|(?<![A-Z])([A-Z])(?:幢楼?|座|栋楼)"
)
_ROOM = re.compile(r"(\d)号房(?:间)?")


def normalise(text: str) -> str:
    """Half width, upper case, no spaces, brackets or punctuation, numbers in digits, buildings as 栋.

    `normalise(normalise(text)) == normalise(text)`. The content of brackets stays.
    """
    text = text[:LENGTH]
    while (once := _pass(text)) != text:
        # Every pass shortens the text or changes a character for good, so this ends; mostly at the second.
        text = once
    return text


def _pass(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).upper()
    text = _DROPPED.sub("", text)
    text = _DASHES.sub("-", text)
    text = _NUMERALS.sub(lambda found: _number(found[1]), text)
    text = _BUILDING.sub(lambda found: f"{found[1] or found[2]}栋", text)
    return _ROOM.sub(r"\1室", text)[:LENGTH]


def _number(numerals: str) -> str:
    """`十二` → 12, `一百零二` → 102, `三〇一` → 301."""
    if not any(scale in numerals for scale in _SCALES):
        return "".join(str(_DIGITS[numeral]) for numeral in numerals)
    total, digit = 0, 0
    for numeral in numerals:
        if numeral in _SCALES:
            total += (digit or 1) * _SCALES[numeral]
            digit = 0
        else:
            digit = _DIGITS[numeral]
    return str(total + digit)
