"""Who may be guardian of whom, and until when. Plain Python."""

from datetime import date

from services.intake.residents.identity import age_on
from shared.refusals import Conflict, Forbidden, InvalidValue, NotFound

OF_AGE = 18
"""Civil Code (民法典) article 17: eighteen years make an adult; articles 27 and 34: until then a guardian acts."""
CONSENT_OF_GUARDIAN = 14
"""PIPL article 31: below this age the consent of a parent or another guardian is needed."""
CONSENT_PURPOSE = "minor_data"


class GuardianshipNotFound(NotFound):
    type = "guardianship-not-found"
    zh = "没有这条监护登记。"
    en = "There is no such guardianship."


class BirthDateUnknown(InvalidValue):
    type = "birth-date-unknown"


class NotAMinor(Conflict):
    type = "not-a-minor"
    zh = "该居民已年满 18 周岁，不需要监护人。"
    en = "This resident is eighteen or older and needs no guardian."


class GuardianTooYoung(Conflict):
    type = "guardian-too-young"
    zh = "监护人须年满 18 周岁，且不能是本人。"
    en = "A guardian is eighteen or older, and somebody else."


class AlreadyGuardian(Conflict):
    type = "already-guardian"
    zh = "已登记为该未成年人的监护人。"
    en = "This guardianship is on record already."


class GuardianConsentNeeded(Forbidden):
    """PIPL article 31."""

    type = "guardian-consent-needed"
    zh = "未满 14 周岁未成年人的个人信息须经监护人同意：请出示现行同意书并提交其编号 consent_text。"
    en = (
        "Personal data of a minor under 14 needs the guardian's consent: show the text that is in force and send its id"
        " as consent_text."
    )


def is_minor(birth_date: date, today: date) -> bool:
    return age_on(birth_date, today) < OF_AGE


def needs_guardian_consent(birth_date: date | None, today: date) -> bool:
    """Of whom no date is known, nobody can say so; they count as older."""
    return birth_date is not None and age_on(birth_date, today) < CONSENT_OF_GUARDIAN


def check(*, guardian_born: date | None, ward_born: date | None, same: bool, today: date) -> None:
    """Raises BirthDateUnknown, NotAMinor, GuardianTooYoung."""
    if ward_born is None:
        raise BirthDateUnknown(
            field="ward",
            reason_zh="未登记该居民的出生日期，无法确认其未成年。",
            reason_en="The date of birth is not on record, so nobody can tell that this is a minor.",
        )
    if not is_minor(ward_born, today):
        raise NotAMinor(field="ward")
    if same or (guardian_born is not None and is_minor(guardian_born, today)):
        raise GuardianTooYoung(field="guardian")
