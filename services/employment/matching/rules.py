"""Does this vacancy fit this seeker, and why: one finding for each criterion, and a score made of them.

Each criterion is `met`, `unmet` or `not_asked`. The score is the sum over the asked criteria of share × degree;
the shares are the policy's weights, scaled so that those of the asked ones make 1. So it lies between 0 and 1,
and learning a required or wished skill never lowers it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.employment.matching.knowledge import Knowledge
from services.employment.matching.policy import Criterion, MatchingPolicy

LATE_DAYS = 30
"""A seeker who is free this many days after the start earns nothing for the start date; before, in proportion."""
LEAST_PAY = 0.5
"""Degree of a pay range whose top just reaches what the seeker asks; 1 where its bottom does."""


class Verdict(StrEnum):
    MET = "met"
    UNMET = "unmet"
    NOT_ASKED = "not_asked"


class Fit(StrEnum):
    FITS = "fits"
    """Nothing that the policy insists on is unmet."""
    NEAR = "near"
    """Exactly one required skill is missing and nothing else stands in the way: a training opens it."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a seeker wishes and can."""

    occupations: frozenset[str]
    skills: frozenset[str]
    certificates: frozenset[str]
    education: str | None
    experience_years: int
    minimum_pay: int | None
    """Fen a month; None where the seeker names none."""
    areas: tuple[str, ...]
    """Area codes that can be reached, each with all that lies in it; none means anywhere."""
    shifts: frozenset[str]
    """Shifts that suit; none means any."""
    available_from: date


@dataclass(frozen=True, slots=True)
class Offer:
    """What a vacancy asks and gives."""

    occupation: str
    required_skills: frozenset[str]
    wished_skills: frozenset[str]
    certificates: frozenset[str]
    education: str | None
    experience_years: int
    pay_from: int
    """Fen a month, as `pay_to`."""
    pay_to: int
    area: str
    shifts: frozenset[str]
    """Shifts that are offered, any of which may be chosen; none means that the vacancy leaves it open."""
    starts_on: date | None


@dataclass(frozen=True, slots=True)
class Finding:
    criterion: Criterion
    verdict: Verdict
    degree: float
    """How far it is met, 0 to 1."""
    share: float
    """Its part of the score, 0 to 1; 0 where it was not asked."""
    asked: tuple[str, ...] = ()
    """What was asked for: codes, or a number or date as text."""
    lacking: tuple[str, ...] = ()
    """What of it the other side has not, or has instead."""


@dataclass(frozen=True, slots=True)
class Assessment:
    fit: Fit
    score: float
    findings: tuple[Finding, ...]
    missing_required: tuple[str, ...]
    missing_wished: tuple[str, ...]
    training: tuple[str, ...]

    @property
    def missing_skills(self) -> tuple[str, ...]:
        """Required ones first."""
        return self.missing_required + self.missing_wished

    def codes(self, verdict: Verdict) -> tuple[str, ...]:
        return tuple(str(f.criterion) for f in self.findings if f.verdict is verdict)


@dataclass(frozen=True, slots=True)
class _Judged:
    degree: float
    met: bool
    asked: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


def rules_out(profile: Profile, offer: Offer, policy: MatchingPolicy, knowledge: Knowledge) -> bool:
    """Is the fit NONE? As `assess` would say, at a tenth of the cost: most pairs of a run end here."""
    for criterion in policy.must_have:
        found = _JUDGES[criterion](profile, offer, knowledge)
        if found is None or found.met:
            continue
        if criterion is not Criterion.REQUIRED_SKILL or len(found.lacking) > 1:
            return True
    return False


def assess(profile: Profile, offer: Offer, policy: MatchingPolicy, knowledge: Knowledge) -> Assessment:
    judged = {criterion: judge(profile, offer, knowledge) for criterion, judge in _JUDGES.items()}
    whole = sum(policy.weights[criterion] for criterion, found in judged.items() if found is not None)
    findings = tuple(_finding(c, found, policy.weights[c] / whole) for c, found in judged.items())
    required = tuple(sorted(offer.required_skills - profile.skills))
    wished = tuple(sorted(offer.wished_skills - offer.required_skills - profile.skills))
    return Assessment(
        fit=_fit(findings, required, policy.must_have),
        # Sums of floats may pass 1 by a hair; four digits are more than anybody can weigh.
        score=min(1.0, round(sum(f.share * f.degree for f in findings), 4)),
        findings=findings,
        missing_required=required,
        missing_wished=wished,
        training=knowledge.training_for(required + wished),
    )


def _finding(criterion: Criterion, judged: _Judged | None, share: float) -> Finding:
    if judged is None:
        return Finding(criterion, Verdict.NOT_ASKED, degree=0.0, share=0.0)
    verdict = Verdict.MET if judged.met else Verdict.UNMET
    return Finding(criterion, verdict, judged.degree, share, judged.asked, judged.lacking)


def _fit(findings: tuple[Finding, ...], missing: tuple[str, ...], must_have: frozenset[Criterion]) -> Fit:
    barriers = {f.criterion for f in findings if f.verdict is Verdict.UNMET} & must_have
    if not barriers:
        return Fit.FITS
    return Fit.NEAR if barriers == {Criterion.REQUIRED_SKILL} and len(missing) == 1 else Fit.NONE


def _occupation(profile: Profile, offer: Offer, knowledge: Knowledge) -> _Judged:
    degree = max(knowledge.closeness(wanted, offer.occupation) for wanted in profile.occupations)
    lacking = () if degree == 1 else tuple(sorted(profile.occupations))
    return _Judged(degree, met=degree > 0, asked=(offer.occupation,), lacking=lacking)


def _required_skill(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    return _part_of(offer.required_skills, profile.skills)


def _wished_skill(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    return _part_of(offer.wished_skills - offer.required_skills, profile.skills)


def _certificate(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    return _part_of(offer.certificates, profile.certificates)


def _part_of(asked: frozenset[str], held: frozenset[str]) -> _Judged | None:
    if not asked:
        return None
    lacking = asked - held
    degree = 1 - len(lacking) / len(asked)
    return _Judged(degree, met=not lacking, asked=tuple(sorted(asked)), lacking=tuple(sorted(lacking)))


def _education(profile: Profile, offer: Offer, knowledge: Knowledge) -> _Judged | None:
    if offer.education is None:
        return None
    asked = knowledge.education_rank[offer.education]
    held = knowledge.education_rank[profile.education] if profile.education else 0
    lacking = (profile.education,) if profile.education and held < asked else ()
    return _Judged(min(1.0, held / asked), met=held >= asked, asked=(offer.education,), lacking=lacking)


def _experience(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    if offer.experience_years == 0:
        return None
    asked, held = offer.experience_years, profile.experience_years
    lacking = () if held >= asked else (str(held),)
    return _Judged(min(1.0, held / asked), met=held >= asked, asked=(str(asked),), lacking=lacking)


def _pay(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    if profile.minimum_pay is None:
        return None
    asked = (str(profile.minimum_pay),)
    if offer.pay_to < profile.minimum_pay:
        return _Judged(0.0, met=False, asked=asked, lacking=(str(offer.pay_to),))
    if offer.pay_from >= profile.minimum_pay:
        return _Judged(1.0, met=True, asked=asked)
    above = (offer.pay_to - profile.minimum_pay) / (offer.pay_to - offer.pay_from)
    return _Judged(LEAST_PAY + (1 - LEAST_PAY) * above, met=True, asked=asked)


def _area(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    if not profile.areas:
        return None
    reached = any(offer.area.startswith(area) for area in profile.areas)
    return _Judged(float(reached), met=reached, asked=profile.areas, lacking=() if reached else (offer.area,))


def _shift(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    if not profile.shifts or not offer.shifts:
        return None
    suits = bool(profile.shifts & offer.shifts)
    lacking = () if suits else tuple(sorted(offer.shifts))
    return _Judged(float(suits), met=suits, asked=tuple(sorted(profile.shifts)), lacking=lacking)


def _start_date(profile: Profile, offer: Offer, _: Knowledge) -> _Judged | None:
    if offer.starts_on is None:
        return None
    late = (profile.available_from - offer.starts_on).days
    degree = 1.0 if late <= 0 else max(0.0, 1 - late / LATE_DAYS)
    lacking = () if late <= 0 else (profile.available_from.isoformat(),)
    return _Judged(degree, met=late <= 0, asked=(offer.starts_on.isoformat(),), lacking=lacking)


_JUDGES: Mapping[Criterion, Callable[[Profile, Offer, Knowledge], _Judged | None]] = {
    Criterion.OCCUPATION: _occupation,
    Criterion.REQUIRED_SKILL: _required_skill,
    Criterion.WISHED_SKILL: _wished_skill,
    Criterion.CERTIFICATE: _certificate,
    Criterion.EDUCATION: _education,
    Criterion.EXPERIENCE: _experience,
    Criterion.PAY: _pay,
    Criterion.AREA: _area,
    Criterion.SHIFT: _shift,
    Criterion.START_DATE: _start_date,
}
"""For each criterion how far it is met; None where nothing was asked."""
