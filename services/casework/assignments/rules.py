"""Who gets a request, and why: pure functions over what is known of the workers at that moment.

In order: who cannot be asked at all is ruled out (inactive, absent, gave this very case back); then who lacks the
skill; then who is not of the wished gender; then who would pass the cap. The last three give way where they would leave
nobody, and the decision says so. Among those left the lowest load ratio after taking the case wins; the grid's owner
is preferred while no more than one average effort worse. Fairness is the rule, the grid the exception with a bound.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from uuid import UUID

from services.casework.cases.rules import Waiting
from services.casework.policies.rules import AssignmentPolicy, OverCap


class Filter(StrEnum):
    """What rules a candidate out."""

    INACTIVE = "inactive"
    ABSENT = "absent"
    RETURNED_IT = "returned_it"
    LACKS_SKILL = "lacks_skill"
    WISH = "wish"
    CAP_REACHED = "cap_reached"


class Reason(StrEnum):
    """Why the chosen one."""

    NAMED_BY_HEAD = "named_by_head"
    SAME_WORKER = "same_worker"
    LEAST_LOADED = "least_loaded"
    GRID_OWNER = "grid_owner"
    LONGEST_WITHOUT = "longest_without"
    ONLY_CANDIDATE = "only_candidate"
    SKILL_MATCH = "skill_match"
    NO_SKILLED_WORKER = "no_skilled_worker"
    SKILLED_UNAVAILABLE = "skilled_unavailable"
    WISH_MET = "wish_met"
    WISH_NOT_MET = "wish_not_met"
    OVER_CAP = "over_cap"
    NAMED_UNAVAILABLE = "named_unavailable"
    TOOK_OVER = "took_over"
    """By agreement: a colleague offered the case and the worker accepted."""


class Trigger(StrEnum):
    """What made a decision necessary."""

    FILED = "filed"
    RETURNED = "returned"
    REOPENED = "reopened"
    SEPARATED = "separated"
    REWORKED = "reworked"
    REDISPATCHED = "redispatched"
    QUEUE = "queue"
    REASSIGNED = "reassigned"
    TRANSFERRED = "transferred"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker as the policy sees one. `turn` grows with each case taken, so the lowest has waited longest."""

    worker: UUID
    weekly_minutes: int
    open_minutes: int = 0
    turn: int = 0
    active: bool = True
    absent: bool = False
    gender: str | None = None
    skills: frozenset[str] = frozenset()

    def ratio_after(self, effort: int) -> float:
        """Open work after taking `effort` minutes more, as a share of the week."""
        return (self.open_minutes + effort) / self.weekly_minutes


@dataclass(frozen=True, slots=True)
class Need:
    """A request that has to be given to someone. `effort` in minutes."""

    request: UUID
    effort: int
    category: str | None = None
    grid_owner: UUID | None = None
    wish: str | None = None
    """The gender the resident asked for."""
    barred: frozenset[UUID] = frozenset()
    """Who gave this case back before."""
    named: UUID | None = None
    """Whom the head named, or who handled it before; taken if available, whatever the load."""
    named_as: Reason = Reason.NAMED_BY_HEAD
    behind: bool = False
    """Cases wait that somebody can take: unless it is for a named worker, it goes behind them."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What of a waiting case says whether somebody has the room for it. `effort` in minutes."""

    category: str | None
    wish: str | None
    effort: int
    returned: bool
    """Somebody gave it back: whom it may go to differs from case to case."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one candidate. Minutes; `load` is before the decision."""

    worker: UUID
    load: int
    weekly_minutes: int
    ruled_out: Filter | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole of a decision. Either `worker` or `waiting` is set."""

    need: Need
    worker: UUID | None
    waiting: Waiting | None
    reasons: tuple[Reason, ...]
    roster: Sequence[Candidate]
    out: Mapping[UUID, Filter]
    """Who of the roster was ruled out."""
    load_before: int = 0
    load_after: int = 0
    turn: int = 0
    """The chosen worker's new place in the order of turns."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Made when they are asked for: nobody asks where a case goes on waiting."""
        return tuple(
            Verdict(one.worker, one.open_minutes, one.weekly_minutes, self.out.get(one.worker))
            for one in self.roster
        )

    @property
    def skill_gap(self) -> str | None:
        """The category that nobody of the staff has the skill for."""
        return self.need.category if Reason.NO_SKILLED_WORKER in self.reasons else None


def covers(skills: Iterable[str], category: str | None, named: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the skills are good for the category.

    A skill covers what lies below it; where the request's category is less precise than the skill, the skill counts too.
    A request without a category needs no skill.
    """
    if category is None:
        return True
    codes = (code for skill in skills for code in named.get(skill, (skill,)))
    return any(category.startswith(code) or code.startswith(category) for code in codes)


def decide(need: Need, roster: Sequence[Candidate], policy: AssignmentPolicy) -> Decision:
    """Choose one of the roster. The same input gives the same answer, in whatever order the roster comes."""
    out: dict[UUID, Filter] = {}
    reasons: list[Reason] = []
    pool = _keep(roster, out, Filter.INACTIVE, lambda one: one.active)
    staff = pool
    pool = _keep(pool, out, Filter.ABSENT, lambda one: not one.absent)
    pool = _keep(pool, out, Filter.RETURNED_IT, lambda one: one.worker not in need.barred)

    named = next((one for one in pool if one.worker == need.named), None)
    if named is not None:
        over = _over_cap(named, need, policy)
        return _chosen(need, roster, out, named, [need.named_as, *([Reason.OVER_CAP] if over else [])])
    if need.named is not None and need.named_as is Reason.NAMED_BY_HEAD:
        reasons.append(Reason.NAMED_UNAVAILABLE)
    if not pool:
        return _waits(need, roster, out, Waiting.NOBODY_AVAILABLE, reasons)
    if need.behind:
        return _waits(need, roster, out, Waiting.OLDER_FIRST, reasons)

    if need.category is not None:
        able = partial(_able, need=need, policy=policy)
        skilled = _keep(pool, out, Filter.LACKS_SKILL, able, unless_empty=True)
        if skilled:
            reasons.append(Reason.SKILL_MATCH)
        else:
            gap = not any(map(able, staff))
            reasons.append(Reason.NO_SKILLED_WORKER if gap else Reason.SKILLED_UNAVAILABLE)
        pool = skilled or pool
    if need.wish is not None:
        willing = _keep(pool, out, Filter.WISH, lambda one: one.gender == need.wish, unless_empty=True)
        reasons.append(Reason.WISH_MET if willing else Reason.WISH_NOT_MET)
        pool = willing or pool
    below = _keep(
        pool, out, Filter.CAP_REACHED, lambda one: not _over_cap(one, need, policy), unless_empty=True
    )
    if not below:
        if policy.over_cap is OverCap.QUEUE:
            out |= dict.fromkeys((one.worker for one in pool), Filter.CAP_REACHED)
            return _waits(need, roster, out, Waiting.OVER_CAP, reasons)
        reasons.append(Reason.OVER_CAP)
    choice, decisive = _fairest(need, below or pool, policy)
    return _chosen(need, roster, out, choice, [*decisive, *reasons])


def decide_all(
    needs: Iterable[Need], roster: Sequence[Candidate], policy: AssignmentPolicy
) -> list[Decision]:
    """Decide one after the other, each with the loads that the ones before have left."""
    current = {one.worker: one for one in roster}
    turn = max((one.turn for one in roster), default=0)
    decisions = []
    for need in needs:
        decision = decide(need, tuple(current.values()), policy)
        if decision.worker is not None:
            turn += 1
            taken = current[decision.worker]
            current[decision.worker] = replace(taken, open_minutes=decision.load_after, turn=turn)
            decision = replace(decision, turn=turn)
        decisions.append(decision)
    return decisions


def anyone_takes(roster: Iterable[Candidate], policy: AssignmentPolicy) -> bool:
    """Whether it makes sense to look at the queue: someone is there, and below the cap where the cap holds."""
    return any(
        one.active
        and not one.absent
        and (policy.over_cap is OverCap.ASSIGN or one.open_minutes < policy.cap(one.weekly_minutes))
        for one in roster
    )


def takeable(kinds: Iterable[Kind], roster: Iterable[Candidate], policy: AssignmentPolicy) -> list[Kind]:
    """Those of the kinds that somebody can take without passing the cap; of returned ones those that somebody might."""
    room: dict[tuple[frozenset[str], str | None], int] = {}  # by skills and gender, which are few
    for one in roster:
        if one.active and not one.absent:
            who = one.skills, one.gender
            room[who] = max(room.get(who, 0), policy.cap(one.weekly_minutes) - one.open_minutes)
    return [kind for kind in kinds if kind.effort <= _most_room(kind, room, policy)]


def _most_room(
    kind: Kind, room: Mapping[tuple[frozenset[str], str | None], int], policy: AssignmentPolicy
) -> int:
    """Among whom `decide` would choose."""
    pool = room
    if not kind.returned:
        able = {who: free for who, free in room.items() if covers(who[0], kind.category, policy.named_skills)}
        pool = able or room
        pool = {who: free for who, free in pool.items() if kind.wish in {None, who[1]}} or pool
    return max(pool.values(), default=0)


def _keep(
    pool: Sequence[Candidate],
    out: dict[UUID, Filter],
    filter: Filter,
    fits: Callable[[Candidate], bool],
    *,
    unless_empty: bool = False,
) -> list[Candidate]:
    """Those that fit; the others are marked. With `unless_empty` nobody is marked where nobody would be left."""
    kept = [one for one in pool if fits(one)]
    if kept or not unless_empty:
        chosen = {one.worker for one in kept}
        out |= {one.worker: filter for one in pool if one.worker not in chosen}
    return kept


def _able(one: Candidate, *, need: Need, policy: AssignmentPolicy) -> bool:
    return covers(one.skills, need.category, policy.named_skills)


def _fairest(
    need: Need, pool: Sequence[Candidate], policy: AssignmentPolicy
) -> tuple[Candidate, list[Reason]]:
    def rank(one: Candidate) -> tuple[float, int, int]:
        return one.ratio_after(need.effort), one.turn, one.worker.int

    best = min(pool, key=rank)
    if len(pool) == 1:
        return best, [Reason.ONLY_CANDIDATE]
    lowest = best.ratio_after(need.effort)
    owner = next((one for one in pool if one.worker == need.grid_owner), None)
    if owner is not None:
        # In whole numbers, since the border belongs to the owner: (owner - best) / weeks <= tolerance / owner's week.
        more = (owner.open_minutes + need.effort) * best.weekly_minutes
        least_of_all = (best.open_minutes + need.effort) * owner.weekly_minutes
        within = more - least_of_all <= policy.tolerance * best.weekly_minutes
        if within:
            least = owner.ratio_after(need.effort) <= lowest
            return owner, [Reason.GRID_OWNER, *([Reason.LEAST_LOADED] if least else [])]
    equals = sum(one.ratio_after(need.effort) <= lowest for one in pool)
    return best, [Reason.LEAST_LOADED, *([Reason.LONGEST_WITHOUT] if equals > 1 else [])]


def _over_cap(one: Candidate, need: Need, policy: AssignmentPolicy) -> bool:
    return one.open_minutes + need.effort > policy.cap(one.weekly_minutes)


def _chosen(
    need: Need,
    roster: Sequence[Candidate],
    out: Mapping[UUID, Filter],
    choice: Candidate,
    reasons: Sequence[Reason],
) -> Decision:
    return Decision(
        need,
        choice.worker,
        None,
        tuple(reasons),
        roster,
        out,
        load_before=choice.open_minutes,
        load_after=choice.open_minutes + need.effort,
    )


def _waits(
    need: Need,
    roster: Sequence[Candidate],
    out: Mapping[UUID, Filter],
    waiting: Waiting,
    reasons: Sequence[Reason],
) -> Decision:
    return Decision(need, None, waiting, tuple(reasons), roster, out)
