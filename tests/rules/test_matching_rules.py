"""Each criterion is judged as the policy says. A row is one case, with the reason beside it."""

from dataclasses import replace
from datetime import date

import pytest

from services.employment.matching.policy import Criterion, MatchingPolicy
from services.employment.matching.rules import Assessment, Finding, Fit, Offer, Profile, Verdict, assess
from services.employment.vocabulary import EDUCATION_RANK, knowledge
from shared.contracts.vocabulary import codes

PROFILE = Profile(
    occupations=frozenset({"4-10.elder_carer"}),
    skills=frozenset({"elder_care"}),
    certificates=frozenset(),
    education="junior_secondary",
    experience_years=2,
    minimum_pay=400_000,
    areas=("330106",),
    shifts=frozenset({"day"}),
    available_from=date(2026, 12, 1),
)
OFFER = Offer(
    occupation="4-10.elder_carer",
    required_skills=frozenset({"elder_care"}),
    wished_skills=frozenset(),
    certificates=frozenset(),
    education=None,
    experience_years=0,
    pay_from=450_000,
    pay_to=550_000,
    area="330106002",
    shifts=frozenset({"day", "night"}),
    starts_on=date(2026, 12, 1),
)
POLICY = MatchingPolicy()
MET, UNMET, NOT_ASKED = Verdict.MET, Verdict.UNMET, Verdict.NOT_ASKED
HELD_OF_ASKED = {
    Criterion.REQUIRED_SKILL: ("required_skills", "skills"),
    Criterion.WISHED_SKILL: ("wished_skills", "skills"),
    Criterion.CERTIFICATE: ("certificates", "certificates"),
}
"""Where the vacancy asks, and where the seeker holds."""


def judged(profile: Profile, offer: Offer, criterion: Criterion) -> Finding:
    found = assess(profile, offer, POLICY, knowledge())
    return next(finding for finding in found.findings if finding.criterion is criterion)


def fit_of(**offer: object) -> Assessment:
    return assess(PROFILE, replace(OFFER, **offer), POLICY, knowledge())  # type: ignore[arg-type]  # a row names any field


@pytest.mark.parametrize(
    ("wanted", "offered", "verdict", "degree", "reason"),
    [
        ({"4-09.cleaner"}, "4-09.cleaner", MET, 1.0, "the very occupation"),
        ({"4-09.cleaner"}, "4-09.street_cleaner", MET, 0.7, "one group: cleaning"),
        ({"4-09.cleaner"}, "4-09.gardener", MET, 0.4, "one family: property and surroundings"),
        ({"4-09.cleaner"}, "4-03.cook", UNMET, 0.0, "nothing to do with each other"),
        ({"4-09.cleaner", "4-03.cook"}, "4-03.cook", MET, 1.0, "the nearest of several wishes counts"),
        ({"9-99.astronaut"}, "4-03.cook", UNMET, 0.0, "a code that the tree does not know"),
    ],
)
def test_occupation(wanted: set[str], offered: str, verdict: Verdict, degree: float, reason: str) -> None:
    profile = replace(PROFILE, occupations=frozenset(wanted))
    found = judged(profile, replace(OFFER, occupation=offered), Criterion.OCCUPATION)
    assert (found.verdict, found.degree) == (verdict, degree), reason


@pytest.mark.parametrize(
    ("required", "held", "expected", "reason"),
    [
        (set(), {"patrol"}, (NOT_ASKED, 0.0, ()), "the vacancy asks for no skill"),
        ({"patrol"}, {"patrol", "sales"}, (MET, 1.0, ()), "has it, and more"),
        ({"patrol", "first_aid"}, {"patrol"}, (UNMET, 0.5, ("first_aid",)), "half of them"),
        ({"patrol"}, set(), (UNMET, 0.0, ("patrol",)), "none of them"),
    ],
)
@pytest.mark.parametrize("compared", HELD_OF_ASKED, ids=str)
def test_what_is_held_of_what_is_asked(
    compared: Criterion,
    required: set[str],
    held: set[str],
    expected: tuple[Verdict, float, tuple[str, ...]],
    reason: str,
) -> None:
    asked_in, held_in = HELD_OF_ASKED[compared]
    profile = replace(PROFILE, **{held_in: frozenset(held)})  # type: ignore[arg-type]  # either field is a set of codes
    bare = replace(OFFER, required_skills=frozenset())
    offer = replace(bare, **{asked_in: frozenset(required)})  # type: ignore[arg-type]
    found = judged(profile, offer, compared)
    assert (found.verdict, found.degree, found.lacking) == expected, reason


def test_a_skill_that_is_required_is_not_counted_again_as_wished() -> None:
    offer = replace(OFFER, wished_skills=frozenset({"elder_care"}))
    assert judged(PROFILE, offer, Criterion.WISHED_SKILL).verdict is NOT_ASKED


@pytest.mark.parametrize(
    ("held", "asked", "verdict", "reason"),
    [
        ("college", None, NOT_ASKED, "the vacancy takes anybody"),
        ("senior_secondary", "senior_secondary", MET, "the same level"),
        ("vocational_secondary", "senior_secondary", MET, "a vocational school is of the same level"),
        ("bachelor", "college", MET, "more than asked"),
        ("primary", "junior_secondary", UNMET, "less than asked"),
        (None, "primary", UNMET, "not stated counts as none"),
    ],
)
def test_education(held: str | None, asked: str | None, verdict: Verdict, reason: str) -> None:
    found = judged(replace(PROFILE, education=held), replace(OFFER, education=asked), Criterion.EDUCATION)
    assert found.verdict is verdict, reason


@pytest.mark.parametrize(
    ("held", "asked", "verdict", "degree", "reason"),
    [
        (0, 0, NOT_ASKED, 0.0, "beginners are welcome"),
        (3, 2, MET, 1.0, "more than asked earns no more"),
        (1, 2, UNMET, 0.5, "half the years"),
        (0, 2, UNMET, 0.0, "none"),
    ],
)
def test_experience(held: int, asked: int, verdict: Verdict, degree: float, reason: str) -> None:
    found = judged(
        replace(PROFILE, experience_years=held), replace(OFFER, experience_years=asked), Criterion.EXPERIENCE
    )
    assert (found.verdict, found.degree) == (verdict, degree), reason


@pytest.mark.parametrize(
    ("minimum", "pay", "verdict", "degree", "reason"),
    [
        (None, (300_000, 300_000), NOT_ASKED, 0.0, "the seeker names no minimum"),
        (400_000, (400_000, 500_000), MET, 1.0, "even the bottom suffices"),
        (450_000, (400_000, 500_000), MET, 0.75, "the middle of the range"),
        (500_000, (400_000, 500_000), MET, 0.5, "only the very top"),
        (500_001, (400_000, 500_000), UNMET, 0.0, "one fen above the top"),
        (400_000, (400_000, 400_000), MET, 1.0, "a fixed pay that just suffices"),
    ],
)
def test_pay(minimum: int | None, pay: tuple[int, int], verdict: Verdict, degree: float, reason: str) -> None:
    offer = replace(OFFER, pay_from=pay[0], pay_to=pay[1])
    found = judged(replace(PROFILE, minimum_pay=minimum), offer, Criterion.PAY)
    assert (found.verdict, found.degree) == (verdict, degree), reason


@pytest.mark.parametrize(
    ("reachable", "place", "verdict", "reason"),
    [
        ((), "330106002", NOT_ASKED, "anywhere will do"),
        (("330106002",), "330106002", MET, "the same street"),
        (("330106",), "330106002", MET, "the district holds the street"),
        (("330106002",), "330106", UNMET, "somewhere in the district may be too far"),
        (("330105", "330106"), "330106002003", MET, "the second of two"),
        (("330105",), "330106002", UNMET, "another district"),
    ],
)
def test_area(reachable: tuple[str, ...], place: str, verdict: Verdict, reason: str) -> None:
    found = judged(replace(PROFILE, areas=reachable), replace(OFFER, area=place), Criterion.AREA)
    assert found.verdict is verdict, reason


@pytest.mark.parametrize(
    ("wished", "offered", "verdict", "reason"),
    [
        (set(), {"night"}, NOT_ASKED, "any shift suits"),
        ({"day"}, set(), NOT_ASKED, "the vacancy leaves it open"),
        ({"day", "early"}, {"night", "early"}, MET, "one in common is enough, it may be chosen"),
        ({"day"}, {"night", "rotating"}, UNMET, "none in common"),
    ],
)
def test_shift(wished: set[str], offered: set[str], verdict: Verdict, reason: str) -> None:
    found = judged(
        replace(PROFILE, shifts=frozenset(wished)),
        replace(OFFER, shifts=frozenset(offered)),
        Criterion.SHIFT,
    )
    assert found.verdict is verdict, reason


@pytest.mark.parametrize(
    ("starts", "free", "verdict", "degree", "reason"),
    [
        (None, date(2026, 12, 1), NOT_ASKED, 0.0, "the start is open"),
        (date(2026, 12, 1), date(2026, 12, 1), MET, 1.0, "just in time"),
        (date(2026, 12, 1), date(2026, 12, 16), UNMET, 0.5, "15 of 30 days late"),
        (date(2026, 12, 1), date(2027, 3, 1), UNMET, 0.0, "months late"),
    ],
)
def test_start_date(starts: date | None, free: date, verdict: Verdict, degree: float, reason: str) -> None:
    found = judged(
        replace(PROFILE, available_from=free), replace(OFFER, starts_on=starts), Criterion.START_DATE
    )
    assert (found.verdict, found.degree) == (verdict, degree), reason


@pytest.mark.parametrize(
    ("change", "fit", "reason"),
    [
        ({}, Fit.FITS, "everything asked is there"),
        ({"required_skills": frozenset({"elder_care", "first_aid"})}, Fit.NEAR, "one skill is missing"),
        (
            {"required_skills": frozenset({"elder_care", "first_aid", "dementia_care"})},
            Fit.NONE,
            "two skills are missing",
        ),
        (
            {"required_skills": frozenset({"first_aid"}), "certificates": frozenset({"first_aider"})},
            Fit.NONE,
            "a training alone does not open what also asks for a certificate",
        ),
        ({"wished_skills": frozenset({"first_aid"})}, Fit.FITS, "a wish is no bar"),
        ({"experience_years": 10}, Fit.FITS, "experience can be talked about"),
        ({"starts_on": date(2026, 11, 20)}, Fit.FITS, "so can the start"),
        ({"certificates": frozenset({"elder_carer_level"})}, Fit.NONE, "a certificate is a must"),
        ({"education": "college"}, Fit.NONE, "so is education"),
        ({"pay_from": 300_000, "pay_to": 390_000}, Fit.NONE, "so is the pay"),
        ({"area": "330206001"}, Fit.NONE, "so is the place"),
        ({"shifts": frozenset({"night"})}, Fit.NONE, "so is the shift"),
        ({"occupation": "4-03.cook"}, Fit.NONE, "so is the occupation"),
    ],
)
def test_what_fits_and_what_a_training_would_open(change: dict[str, object], fit: Fit, reason: str) -> None:
    assert fit_of(**change).fit is fit, reason


def test_a_near_match_names_the_skill_and_the_course_that_teaches_it() -> None:
    found = fit_of(required_skills=frozenset({"elder_care", "first_aid"}))
    assert found.missing_skills == ("first_aid",)
    assert found.training == ("first_aid_course",)


def test_the_course_that_closes_more_gaps_comes_first() -> None:
    found = fit_of(wished_skills=frozenset({"first_aid", "dementia_care", "rehabilitation_aid"}))
    assert found.training == ("elder_care_course", "first_aid_course", "patient_care_course")


def test_required_skills_are_named_before_wished_ones() -> None:
    found = fit_of(required_skills=frozenset({"patient_care"}), wished_skills=frozenset({"first_aid"}))
    assert found.missing_skills == ("patient_care", "first_aid")


def test_everything_asked_and_met_makes_a_score_of_one() -> None:
    assert fit_of().score == 1.0


def test_what_was_not_asked_has_no_part_in_the_score() -> None:
    only_occupation = replace(OFFER, required_skills=frozenset(), shifts=frozenset(), starts_on=None)
    profile = replace(PROFILE, occupations=frozenset({"4-10.infant_carer"}), minimum_pay=None, areas=())
    assert assess(profile, only_occupation, POLICY, knowledge()).score == 0.7


def test_every_education_has_a_rank() -> None:
    assert set(EDUCATION_RANK) == set(codes("education"))


def test_every_occupation_has_a_place_in_the_tree_and_every_group_a_name() -> None:
    parents = knowledge().parents
    assert set(codes("occupation")) == set(parents) - set(parents.values()) - set(codes("occupation_group"))
    assert set(parents.values()) <= set(codes("occupation_group"))


def test_courses_teach_known_skills() -> None:
    taught = knowledge().courses
    assert set(taught) == set(codes("training"))
    assert frozenset().union(*taught.values()) <= set(codes("job_skill"))


def test_people_have_words_for_every_criterion() -> None:
    assert list(codes("match_criterion")) == [str(criterion) for criterion in Criterion]
