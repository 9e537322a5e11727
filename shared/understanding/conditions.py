"""What makes a message hard to read for a classifier, so that a person looks at it."""

import re
from enum import StrEnum

from shared.understanding.terms import READ, Said, listed


class Condition(StrEnum):
    TOO_SHORT = "too_short"
    """Fewer than eight characters that say something."""
    TOO_LONG = "too_long"
    """More than 3,000: often several concerns and their history."""
    SEVERAL_CONCERNS = "several_concerns"
    """Numbered points, or words of quite different categories."""
    ABUSE = "abuse"
    """Words of insult: it is answered all the same, by somebody who is prepared."""
    OTHER_LANGUAGE = "other_language"
    """Mostly not Chinese: the classifier knows Chinese only."""
    NO_CONCERN = "no_concern"
    """Thanks or a greeting alone, an advertisement, or no words at all."""


# Runs, since a list of a text's every character takes three times as long.
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_POINT = re.compile(
    r"(?:^|[\n。；;！!？?\s])\s*(?:[一二三四五六七八九]、|\d{1,2}[、.．)）](?!\d)|[(（][一二三四五六七八九\d][)）]|第[一二三四五六七八九][,，、:：点])"
)
_ALSO = re.compile(r"另外|此外|还有一个问题|另一个问题|再反映|同时反映|其次")
_ABUSE = listed(
    "傻逼 傻B 煞笔 王八蛋 混蛋 狗日 操你 他妈的 TMD 妈的 滚蛋 去死 畜生 狗官 废物 人渣 贱人 婊子 杂种 龟孙 不得好死 脑残 狗屁"
)
_THANKS = re.compile(r"感谢|谢谢|致谢|表扬|点赞|祝.{0,8}(快乐|安康|顺利)|新年好|辛苦了")
_ADVERTISEMENT = re.compile(
    r"加微信|加我微信|代开发票|代办.{0,4}证|贷款秒批|刷单|兼职日结|扫码领|优惠券|免费领取|办证|网址\s*[:：]|HTTPS?://"
)
_ASKING = re.compile(
    r"请|希望|望|能否|是否|为什么|为何|怎么|如何|何时|多久|投诉|举报|反映|求助|建议|解决|处理|问题|严重|[?？]"
)
_SHORT = 8
_LONG = 3_000
_POINTS = 3


def conditions_of(said: Said) -> frozenset[Condition]:
    text = f"{said.subject}\n{said.body}"[:READ]
    letters = sum(map(len, _LETTERS.findall(text)))
    han = sum(map(len, _HAN.findall(text)))
    found: set[Condition] = set()
    if letters < _SHORT:
        found.add(Condition.TOO_SHORT)
    if said.long > _LONG:
        found.add(Condition.TOO_LONG)
    if letters and han < 0.3 * letters:
        found.add(Condition.OTHER_LANGUAGE)
    points = len(_POINT.findall(text))
    if points >= _POINTS or (points == _POINTS - 1 and _ALSO.search(text)):
        found.add(Condition.SEVERAL_CONCERNS)
    if any(word in text for word in _ABUSE):
        found.add(Condition.ABUSE)
    if not letters or _ADVERTISEMENT.search(text) or (_THANKS.search(text) and not _ASKING.search(text)):
        found.add(Condition.NO_CONCERN)
    return frozenset(found)
