"""The words that Chinese addresses are made of: what a road, an estate, an institution is called."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Sort(StrEnum):
    ROAD = "road"
    ESTATE = "estate"
    """Where people live: an estate, a court, a village."""
    INSTITUTION = "institution"
    """A school, a market, a company, an office building."""
    AREA = "area"
    """A part of the town that is no address: 滨河片区."""


# A name ends with one of these.
ENDINGS: Mapping[Sort, str] = {
    Sort.ROAD: "大道 大街 胡同 路 街 巷 弄",
    Sort.ESTATE: "小区 花园 花苑 雅苑 名苑 佳苑 嘉苑 嘉园 家园 新村 新苑 新城 公寓 山庄 公馆 宿舍 别墅 家属院 家属楼 家属区 "
    "宿舍区 生活区 大院 号院 里弄 名都 名府 华府 豪庭 华庭 雅居 安置房 安居房 经济适用房 公租房 廉租房",
    Sort.INSTITUTION: "小学 中学 学校 大学 学院 幼儿园 托儿所 托育园 医院 诊所 门诊部 卫生院 卫生站 卫生室 卫生服务中心 卫生服务站 "
    "市场 菜场 菜市场 农贸市场 超市 商场 商城 商厦 公司 工厂 银行 支行 派出所 警务室 法院 检察院 司法所 邮局 车站 地铁站 火车站 汽车站 "
    "公园 广场 图书馆 文化馆 文化站 体育馆 体育场 博物馆 少年宫 敬老院 养老院 福利院 服务中心 服务站 活动中心 活动室 党群服务中心 日间照料中心 "
    "居委会 村委会 街道办 办事处 酒店 宾馆 旅馆 饭店 餐厅 药店 药房 教堂 大厦 大楼 办公楼 教学楼 写字楼 综合楼 停车场 加油站 充电站 变电站 "
    "垃圾站 中转站 消防站 消防队 政府 税务局 公安局 教育局 民政局 管理局 产业园 工业园 科技园 创业园 园区 仓库 工地 中心 基地 物业",
    Sort.AREA: "片区 地块 开发区 高新区 景区",
}
# One-character endings are parts of many words, so they end a name only before a number, a part or the end.
SHORT_ENDINGS: Mapping[Sort, str] = {
    Sort.ESTATE: "苑 园 院 坊 庭 轩 阁 居 府 湾 城 村 里 邸 郡",
    Sort.INSTITUTION: "厂 寺 庙 局 所 站 馆 店",
}
# Before a name, and no part of it: "我家住在龙溪花园", "靠近龙溪路".
LEADS = (
    "地址是",
    "地址为",
    "家庭住址",
    "家庭地址",
    "现住址",
    "住址",
    "地址",
    "我家住在",
    "我家住",
    "家住在",
    "家住",
    "我家在",
    "本人住在",
    "本人住",
    "我住在",
    "我住",
    "居住在",
    "居住于",
    "住在",
    "位于",
    "就在",
    "靠近",
    "临近",
    "邻近",
    "附近的",
    "旁边的",
    "对面的",
    "里面的",
    "门口的",
    "交叉口的",
    "交汇处的",
    "路口的",
    "附近",
    "旁边",
    "对面",
    "门口",
    "交叉口",
    "交汇处",
    "路口",
    "拐角处",
    "的",
    "与",
    "和",
    "及",
    "在",
    "近",
    "旁",
    "口",
    "住",
    "-",
)
# After an institution these say that the address is not in it but by it: 龙溪小学对面.
NEARBY = (
    "对面",
    "斜对面",
    "对过",
    "旁边",
    "旁",
    "附近",
    "隔壁",
    "边上",
    "周边",
    "后面",
    "前面",
    "背后",
    "门前",
    "往东",
    "往西",
    "往南",
    "往北",
    "以东",
    "以西",
    "以南",
    "以北",
    "东侧",
    "西侧",
    "南侧",
    "北侧",
)


def alternatives(words: Iterable[str]) -> str:
    """A regular expression that prefers the longer word."""
    return "|".join(sorted(words, key=len, reverse=True))
