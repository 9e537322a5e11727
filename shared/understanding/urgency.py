"""How urgent a message sounds. A proposal with the words that speak for it; a person decides.

The classes are those of DOMAIN, Request: emergency (2 working hours), urgent (24 hours), normal, long. Danger to life is
an emergency, a supply or a home that fails is urgent; policy, planning and law take long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from shared.contracts.intake import Urgency
from shared.understanding.terms import Said, listed

_EMERGENCY = listed(
    "着火 起火 火灾 爆炸 燃气泄漏 煤气泄漏 天然气泄漏 漏气 触电 漏电 电梯困人 被困电梯 困在电梯 坍塌 塌方 塌陷 山体滑坡 高空坠物 溺水 落水 "
    "昏迷 晕倒 煤气中毒 食物中毒 集体中毒 自杀 轻生 跳楼 割腕 持刀 砍人 家暴 虐待 走失 失踪 生命危险 人命关天 爆管 泥石流 决堤 倒塌 危在旦夕 "
    "电线掉落 电线垂落 井盖丢失 井盖缺失 没有井盖 无井盖"
)
_URGENT = listed(
    "停水 断水 停电 断电 停气 停暖 没有暖气 漏水 渗水 内涝 积水 水浸 化粪池 粪水 污水外溢 污水横流 下水道堵塞 堵塞 电梯故障 电梯停运 电梯坏 "
    "路面塌 裂缝 危房 墙皮脱落 消防通道 恶臭 刺鼻 通宵 彻夜 深夜施工 夜间施工 凌晨 无法入睡 睡不着 拖欠工资 讨薪 血汗钱 马上开学 无学可上 "
    "紧急 急急急 十万火急 尽快 孕妇 老人摔 摔倒 摔伤 受伤 狗咬 咬伤 病危"
)
_LONG = listed(
    "建议 规划 政策 立法 体制 改革 何时能 什么时候能 是否有计划 历史遗留 多年 产权 房产证 征收 拆迁 补偿标准 编制"
)
_WEIGHTS: Mapping[Urgency, float] = MappingProxyType(
    {Urgency.EMERGENCY: 4.0, Urgency.URGENT: 1.0, Urgency.LONG: 0.7}
)
_DENIED = ("没有", "未发生", "防止", "预防", "避免", "以免", "怕", "担心", "万一", "如果", "演练", "应急预案")
"""Right before a danger these say that it is thought of, not there."""
_BEFORE = 4
_ENOUGH = 1.5
"""Of urgent or long words, weighted; one alone may be chance, one in the subject is not."""


@dataclass(frozen=True, slots=True)
class Urgent:
    urgency: Urgency
    words: tuple[str, ...]
    """What spoke for it; none for `normal`."""


def urgency_of(said: Said) -> Urgent:
    parts = ((said.subject, 2.0), (said.body, 1.0))
    for urgency, terms, enough in (
        (Urgency.EMERGENCY, _EMERGENCY, 1.0),
        (Urgency.URGENT, _URGENT, _ENOUGH),
        (Urgency.LONG, _LONG, _ENOUGH),
    ):
        found: dict[str, float] = {}
        for text, weight in parts:
            for term in terms:
                # Most stand nowhere, and `in` says so fastest.
                if term in text and _stands(term, text, urgency):
                    found[term] = found.get(term, 0.0) + weight
        words = sorted((term for term in terms if term in found), key=lambda term: -found[term])
        if words and sum(found.values()) * _WEIGHTS[urgency] >= enough:
            return Urgent(urgency, tuple(words[:3]))
    return Urgent(Urgency.NORMAL, ())


def _stands(term: str, text: str, urgency: Urgency) -> bool:
    at = text.find(term)
    while at >= 0:
        before = text[max(at - _BEFORE, 0) : at]
        if (
            urgency is not Urgency.EMERGENCY
            or term.startswith("没有")
            or not any(word in before for word in _DENIED)
        ):
            return True
        at = text.find(term, at + 1)
    return False
