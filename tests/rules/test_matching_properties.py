"""What holds of every pair, whatever the seeker and the vacancy: searched for with random ones."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.employment.matching.explanation import sentence
from services.employment.matching.policy import Criterion, MatchingPolicy
from services.employment.matching.rules import Fit, Offer, Profile, Verdict, assess, rules_out
from services.employment.vocabulary import EDUCATION_RANK, knowledge
from shared.contracts.vocabulary import codes

DAYS = st.integers(0, 90).map(lambda days: date(2026, 11, 1) + timedelta(days=days))
AREAS = st.sampled_from(["330105", "330106", "330106001", "330106002", "330106002003"])


def some(kind: str, least: int = 0, most: int = 4) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(sorted(codes(kind))), min_size=least, max_size=most)


PROFILES = st.builds(
    Profile,
    occupations=some("occupation", 1),
    skills=some("job_skill", most=8),
    certificates=some("certificate"),
    education=st.none() | st.sampled_from(sorted(EDUCATION_RANK)),
    experience_years=st.integers(0, 40),
    minimum_pay=st.none() | st.integers(1, 2_000_000),
    areas=st.lists(AREAS, max_size=3, unique=True).map(tuple),
    shifts=some("shift"),
    available_from=DAYS,
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    pay_from = draw(st.integers(1, 1_500_000))
    return Offer(
        occupation=draw(st.sampled_from(sorted(codes("occupation")))),
        required_skills=draw(some("job_skill")),
        wished_skills=draw(some("job_skill")),
        certificates=draw(some("certificate", most=2)),
        education=draw(st.none() | st.sampled_from(sorted(EDUCATION_RANK))),
        experience_years=draw(st.integers(0, 10)),
        pay_from=pay_from,
        pay_to=pay_from + draw(st.integers(0, 500_000)),
        area=draw(AREAS),
        shifts=draw(some("shift")),
        starts_on=draw(st.none() | DAYS),
    )


@st.composite
def policies(draw: st.DrawFn) -> MatchingPolicy:
    weights = {criterion: draw(st.floats(0, 10)) for criterion in Criterion}
    weights[Criterion.OCCUPATION] = draw(st.floats(0.01, 10))
    return MatchingPolicy(weights=weights)


@given(PROFILES, offers(), policies())
def test_a_score_lies_between_0_and_1(profile: Profile, offer: Offer, policy: MatchingPolicy) -> None:
    assert 0 <= assess(profile, offer, policy, knowledge()).score <= 1


@given(PROFILES, offers(), policies())
def test_met_unmet_and_not_asked_divide_the_criteria(
    profile: Profile, offer: Offer, policy: MatchingPolicy
) -> None:
    found = assess(profile, offer, policy, knowledge())
    parts = [found.codes(verdict) for verdict in Verdict]
    assert sorted(sum(parts, ())) == sorted(str(criterion) for criterion in Criterion)
    asked = [finding for finding in found.findings if finding.verdict is not Verdict.NOT_ASKED]
    assert abs(sum(finding.share for finding in asked) - 1) < 1e-9
    assert all(finding.share == 0 for finding in found.findings if finding not in asked)


@given(PROFILES, offers(), policies(), st.data())
def test_learning_a_skill_that_is_asked_for_never_lowers_the_score(
    profile: Profile, offer: Offer, policy: MatchingPolicy, data: st.DataObject
) -> None:
    skill = data.draw(st.sampled_from(sorted(offer.required_skills | offer.wished_skills | {"sales"})))
    before = assess(profile, offer, policy, knowledge())
    after = assess(replace(profile, skills=profile.skills | {skill}), offer, policy, knowledge())
    assert after.score >= before.score
    order = [Fit.NONE, Fit.NEAR, Fit.FITS]
    assert order.index(after.fit) >= order.index(before.fit)


@given(PROFILES, offers(), policies())
def test_a_near_match_fits_once_its_one_skill_is_learnt(
    profile: Profile, offer: Offer, policy: MatchingPolicy
) -> None:
    found = assess(profile, offer, policy, knowledge())
    if found.fit is Fit.NEAR:
        assert len(found.missing_required) == 1
        learnt = replace(profile, skills=profile.skills | set(found.missing_required))
        assert assess(learnt, offer, policy, knowledge()).fit is Fit.FITS


@given(PROFILES, offers(), st.frozensets(st.sampled_from(list(Criterion))))
def test_the_quick_no_says_what_the_assessment_says(
    profile: Profile, offer: Offer, insisted: frozenset[Criterion]
) -> None:
    policy = MatchingPolicy(must_have=insisted | {Criterion.OCCUPATION})
    ruled_out = rules_out(profile, offer, policy, knowledge())
    assert ruled_out == (assess(profile, offer, policy, knowledge()).fit is Fit.NONE)


@given(PROFILES, offers())
def test_every_course_named_teaches_something_that_is_missing(profile: Profile, offer: Offer) -> None:
    found = assess(profile, offer, MatchingPolicy(), knowledge())
    for course in found.training:
        assert knowledge().courses[course] & set(found.missing_skills)


@given(PROFILES, offers())
def test_what_fits_is_among_the_related_occupations(profile: Profile, offer: Offer) -> None:
    """Candidates are looked up by related occupation; this is why none that fits is overlooked."""
    if assess(profile, offer, MatchingPolicy(), knowledge()).fit is not Fit.NONE:
        assert offer.occupation in knowledge().related_to(profile.occupations)


@given(PROFILES, offers())
def test_every_finding_is_a_whole_sentence_in_both_languages(profile: Profile, offer: Offer) -> None:
    for finding in assess(profile, offer, MatchingPolicy(), knowledge()).findings:
        chinese, english = sentence(finding, "zh"), sentence(finding, "en")
        assert chinese.endswith("。")
        assert english.endswith(".")
        assert "{" not in chinese + english
        assert not any(code in chinese for code in ("4-", "_"))
