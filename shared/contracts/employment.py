"""What employment publishes: who looks for work, what work there is, and what fits."""

from shared.contracts.base import Code, Count, Event, Moment, Owner, PersonalId, Share, ThingId


class SeekerRegistered(Event):
    """A resident registered as looking for work."""

    type = "seeker.registered"
    owner = Owner.EMPLOYMENT
    aggregate = "seeker"
    consumers = ("employment", "notifications")

    seeker: PersonalId
    resident: PersonalId
    occupations: tuple[Code, ...]
    skills: tuple[Code, ...]


class VacancyPublished(Event):
    """A vacancy was checked and is open to seekers."""

    type = "vacancy.published"
    owner = Owner.EMPLOYMENT
    aggregate = "vacancy"
    consumers = ("employment",)

    vacancy: ThingId
    occupation: Code
    posts: Count
    expires: Moment


class VacancyFilled(Event):
    """Every post of a vacancy is taken."""

    type = "vacancy.filled"
    owner = Owner.EMPLOYMENT
    aggregate = "vacancy"

    vacancy: ThingId


class JobMatched(Event):
    """A vacancy fits a seeker, and why: each criterion that is met, each that is not, and what would open it."""

    type = "job.matched"
    owner = Owner.EMPLOYMENT
    aggregate = "seeker"
    consumers = ("notifications",)

    seeker: PersonalId
    resident: PersonalId
    vacancy: ThingId
    occupation: Code
    score: Share
    met: tuple[Code, ...]
    unmet: tuple[Code, ...]
    missing_skills: tuple[Code, ...]
    training: tuple[Code, ...] = ()
    """Courses that teach a missing skill."""
    policy: Code
    """Version of the matching policy that decided."""
    expires: Moment | None = None
    """When the vacancy will be gone: from then on nobody is to be told of it."""
