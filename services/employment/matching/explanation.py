"""Findings in plain sentences: why this vacancy is recommended (为什么推荐), in Chinese and English.

The sentences name neither "you" nor "the seeker", since the seeker and the worker at the desk read the same ones.
"""

from collections.abc import Mapping

from services.employment.matching.knowledge import SAME
from services.employment.matching.policy import Criterion
from services.employment.matching.rules import Finding, Verdict
from shared.contracts.vocabulary import name
from shared.refusals import Language

_KINDS: Mapping[Criterion, str] = {
    Criterion.OCCUPATION: "occupation",
    Criterion.REQUIRED_SKILL: "job_skill",
    Criterion.WISHED_SKILL: "job_skill",
    Criterion.CERTIFICATE: "certificate",
    Criterion.EDUCATION: "education",
    Criterion.SHIFT: "shift",
}
"""The vocabulary that a criterion's codes belong to; the others are numbers, dates and area codes."""

_MET: Mapping[Criterion, tuple[str, str]] = {
    Criterion.OCCUPATION: ("岗位是想做的职业：{asked}。", "The job is of a wished occupation: {asked}."),
    Criterion.REQUIRED_SKILL: ("具备必备技能：{asked}。", "Has the required skills: {asked}."),
    Criterion.WISHED_SKILL: ("具备加分技能：{asked}。", "Has the wished skills: {asked}."),
    Criterion.CERTIFICATE: ("持有所需证书：{asked}。", "Holds the certificates asked for: {asked}."),
    Criterion.EDUCATION: ("学历达到要求（{asked}）。", "The education suffices ({asked})."),
    Criterion.EXPERIENCE: (
        "工作经验达到要求的{asked}年。",
        "Has the {asked} years of experience asked for.",
    ),
    Criterion.PAY: (
        "工资可以达到期望的每月{asked}元。",
        "The pay can reach the {asked} yuan a month asked for.",
    ),
    Criterion.AREA: ("工作地点在可以到达的范围内。", "The work place is within reach."),
    Criterion.SHIFT: ("班次合适：{asked}。", "The shifts suit: {asked}."),
    Criterion.START_DATE: ("能在{asked}前到岗。", "Is free to start by {asked}."),
}
_UNMET: Mapping[Criterion, tuple[str, str]] = {
    Criterion.OCCUPATION: (
        "岗位（{asked}）不属于想做的职业：{lacking}。",
        "The job ({asked}) is not of a wished occupation: {lacking}.",
    ),
    Criterion.REQUIRED_SKILL: ("还缺必备技能：{lacking}。", "Lacks required skills: {lacking}."),
    Criterion.WISHED_SKILL: ("还缺加分技能：{lacking}。", "Lacks wished skills: {lacking}."),
    Criterion.CERTIFICATE: ("还缺证书：{lacking}。", "Lacks certificates: {lacking}."),
    Criterion.EDUCATION: (
        "学历要求为{asked}，目前为{lacking}。",
        "Asks for {asked}; the education is {lacking}.",
    ),
    Criterion.EXPERIENCE: (
        "要求{asked}年工作经验，目前有{lacking}年。",
        "Asks for {asked} years of experience; there are {lacking}.",
    ),
    Criterion.PAY: (
        "期望每月{asked}元，岗位最高{lacking}元。",
        "{asked} yuan a month are asked for; the job pays at most {lacking}.",
    ),
    Criterion.AREA: (
        "工作地点（{lacking}）超出可以到达的范围。",
        "The work place ({lacking}) is out of reach.",
    ),
    Criterion.SHIFT: (
        "希望的班次为{asked}，岗位为{lacking}。",
        "Wishes for {asked}; the shifts are {lacking}.",
    ),
    Criterion.START_DATE: (
        "岗位{asked}到岗，最早{lacking}可以上岗。",
        "The job starts on {asked}; is free from {lacking}.",
    ),
}
_RELATED = (
    "岗位（{asked}）与想做的职业（{lacking}）相近。",
    "The job ({asked}) is related to a wished occupation ({lacking}).",
)
_NOT_ASKED = ("{name}没有要求。", "{name}: nothing was asked.")
_NOTHING = ("未填写", "not stated")


def sentence(finding: Finding, language: Language) -> str:
    criterion, chosen = finding.criterion, 0 if language == "zh" else 1
    if finding.verdict is Verdict.NOT_ASKED:
        return _NOT_ASKED[chosen].format(name=name("match_criterion", criterion, language))
    if criterion is Criterion.OCCUPATION and 0 < finding.degree < SAME:
        template = _RELATED
    else:
        template = (_MET if finding.verdict is Verdict.MET else _UNMET)[criterion]
    return template[chosen].format(
        asked=_words(criterion, finding.asked, language), lacking=_words(criterion, finding.lacking, language)
    )


def _words(criterion: Criterion, values: tuple[str, ...], language: Language) -> str:
    if not values:
        return _NOTHING[0 if language == "zh" else 1]
    if criterion is Criterion.PAY:
        words = [f"{int(fen) / 100:g}" for fen in values]
    elif criterion in _KINDS:
        words = [name(_KINDS[criterion], value, language) for value in values]
    else:
        words = list(values)
    return ("、" if language == "zh" else ", ").join(words)
