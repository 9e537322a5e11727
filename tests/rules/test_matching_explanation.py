"""The sentences that a seeker reads say what was compared, in words and in yuan."""

from dataclasses import replace

import pytest

from services.employment.matching.explanation import sentence
from services.employment.matching.policy import Criterion, MatchingPolicy
from services.employment.matching.rules import assess
from services.employment.vocabulary import knowledge
from tests.rules.test_matching_rules import OFFER, PROFILE


@pytest.mark.parametrize(
    ("change", "criterion", "zh", "en"),
    [
        (
            {},
            Criterion.OCCUPATION,
            "岗位是想做的职业：养老护理员。",
            "The job is of a wished occupation: Carer for the elderly.",
        ),
        (
            {"occupation": "4-14.patient_carer"},
            Criterion.OCCUPATION,
            "岗位（医疗护理员）与想做的职业（养老护理员）相近。",
            "The job (Patient carer) is related to a wished occupation (Carer for the elderly).",
        ),
        (
            {"required_skills": frozenset({"elder_care", "first_aid"})},
            Criterion.REQUIRED_SKILL,
            "还缺必备技能：急救。",
            "Lacks required skills: First aid.",
        ),
        (
            {},
            Criterion.PAY,
            "工资可以达到期望的每月4000元。",
            "The pay can reach the 4000 yuan a month asked for.",
        ),
        (
            {"pay_from": 300_000, "pay_to": 385_050},
            Criterion.PAY,
            "期望每月4000元，岗位最高3850.5元。",
            "4000 yuan a month are asked for; the job pays at most 3850.5.",
        ),
        (
            {"experience_years": 3},
            Criterion.EXPERIENCE,
            "要求3年工作经验，目前有2年。",
            "Asks for 3 years of experience; there are 2.",
        ),
        ({"starts_on": None}, Criterion.START_DATE, "到岗时间没有要求。", "Start date: nothing was asked."),
        (
            {"shifts": frozenset({"night", "rotating"})},
            Criterion.SHIFT,
            "希望的班次为白班，岗位为夜班、轮班。",
            "Wishes for Day; the shifts are Night, Rotating.",
        ),
    ],
)
def test_sentences(change: dict[str, object], criterion: Criterion, zh: str, en: str) -> None:
    offer = replace(OFFER, **change)  # type: ignore[arg-type]  # a row names any field
    findings = assess(PROFILE, offer, MatchingPolicy(), knowledge()).findings
    finding = next(finding for finding in findings if finding.criterion is criterion)
    assert sentence(finding, "zh") == zh
    assert sentence(finding, "en") == en


def test_an_education_that_was_not_stated_is_said_so() -> None:
    offer = replace(OFFER, education="college")
    findings = assess(replace(PROFILE, education=None), offer, MatchingPolicy(), knowledge()).findings
    finding = next(finding for finding in findings if finding.criterion is Criterion.EDUCATION)
    assert sentence(finding, "zh") == "学历要求为大专，目前为未填写。"
