"""Matching: a new or changed seeker with all open vacancies, a new vacancy with all who look.

A run reads, assesses in memory and writes in a number of statements that does not depend on how many pairs there are.
What it writes follows from what is stored alone, so that running again changes nothing and tells nobody twice.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching import queries
from services.employment.matching.findings import to_json
from services.employment.matching.policy import MatchingPolicy
from services.employment.matching.queries import Current, Pair
from services.employment.matching.rules import Assessment, Fit, Offer, Verdict, assess, rules_out
from services.employment.matching.tables import Match
from services.employment.matching.telling import Candidate, choose, worth_telling
from services.employment.seekers.queries import profile_of
from services.employment.seekers.tables import Seeker
from services.employment.vacancies.queries import offer_of
from services.employment.vacancies.tables import Vacancy
from services.employment.vocabulary import knowledge
from shared.contracts.employment import JobMatched
from shared.database import among, new_id
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import record_each

_CHUNK = 1000
"""Matches in one INSERT."""

Causes = Mapping[UUID, Envelope | None]
"""Whom or what to match, each with the event that asks for it, if one does."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run looks at: everybody and everything in it, and who asked."""

    seekers: Mapping[UUID, Seeker]
    vacancies: Mapping[UUID, Vacancy]
    current: Mapping[Pair, Current]
    policy: MatchingPolicy
    now: datetime
    cause: Callable[[Pair], Envelope | None]


async def match_seekers(
    session: AsyncSession, causes: Causes, *, policy: MatchingPolicy, now: datetime
) -> int:
    """Match these seekers with every open vacancy. Gives the number of job.matched that it records."""
    seekers = await queries.active_seekers(session, ids=causes.keys())
    if not seekers:
        return 0
    wanted = frozenset(code for seeker in seekers for code in seeker.occupations)
    vacancies = await queries.open_vacancies(session, now, occupations=knowledge().related_to(wanted))
    run = _Run(
        seekers={seeker.id: seeker for seeker in seekers},
        vacancies={vacancy.id: vacancy for vacancy in vacancies},
        current=await queries.current(session, seekers=causes.keys()),
        policy=policy,
        now=now,
        cause=lambda pair: causes[pair[0]],
    )
    return await _carry_out(session, run)


async def match_vacancies(
    session: AsyncSession, causes: Causes, *, policy: MatchingPolicy, now: datetime
) -> int:
    """Match these vacancies with everybody who looks. Gives the number of job.matched that it records."""
    vacancies = await queries.open_vacancies(session, now, ids=causes.keys())
    if not vacancies:
        return 0
    # Being related goes both ways, so the occupations that may be wanted are those related to the offered ones.
    offered = frozenset(vacancy.occupation for vacancy in vacancies)
    seekers = await queries.active_seekers(session, occupations=knowledge().related_to(offered))
    run = _Run(
        seekers={seeker.id: seeker for seeker in seekers},
        vacancies={vacancy.id: vacancy for vacancy in vacancies},
        current=await queries.current(session, vacancies=causes.keys()),
        policy=policy,
        now=now,
        cause=lambda pair: causes[pair[1]],
    )
    return await _carry_out(session, run)


async def seeker_gone(session: AsyncSession, seeker: UUID, *, now: datetime) -> None:
    """The seeker looks no more: the matches are kept as superseded."""
    await session.execute(
        update(Match)
        .where(Match.seeker == seeker, Match.superseded.is_(None))
        .values(superseded=now, superseded_by="seeker")
    )


async def vacancies_gone(session: AsyncSession, vacancies: Collection[UUID], *, now: datetime) -> None:
    """Filled, expired or closed: the matches are kept as superseded."""
    await session.execute(
        update(Match)
        .where(among(Match.vacancy, vacancies), Match.superseded.is_(None))
        .values(superseded=now, superseded_by="vacancy")
    )


async def _carry_out(session: AsyncSession, run: _Run) -> int:
    valid = {pair for pair, match in run.current.items() if _is_valid(pair, match, run)}
    assessed = await _assess(run, skip=valid)
    again = [run.current[pair].id for pair in assessed if pair in run.current]
    known = await queries.findings(session, again) if again else {}
    same = {
        pair
        for pair, found in assessed.items()
        if (match := run.current.get(pair)) and known[match.id] == to_json(found.findings)
    }
    stale = [match.id for pair, match in run.current.items() if pair not in valid and pair not in same]
    if stale:
        await session.execute(
            update(Match)
            .where(among(Match.id, stale), Match.superseded.is_(None))
            .values(superseded=run.now, superseded_by="assessment")
        )
    # Sorted, so that runs which meet at the same pairs wait for each other in the same order.
    fresh = {pair: assessed[pair] for pair in sorted(assessed.keys() - same)}
    stored = await _store(session, fresh, run)
    return await _tell(session, {pair: fresh[pair] for pair in stored}, stored, run)


def _is_valid(pair: Pair, match: Current, run: _Run) -> bool:
    """The same registration under the same policy: since an open vacancy never changes, neither does the match."""
    seeker = run.seekers.get(pair[0])
    return (
        seeker is not None
        and pair[1] in run.vacancies
        and (match.seeker_version, match.policy) == (seeker.version, run.policy.version)
    )


async def _assess(run: _Run, *, skip: Collection[Pair]) -> Mapping[Pair, Assessment]:
    """Every other pair that fits or nearly does."""
    offers: dict[str, list[tuple[UUID, Offer]]] = defaultdict(list)
    for id, vacancy in run.vacancies.items():
        offers[vacancy.occupation].append((id, offer_of(vacancy)))
    world = knowledge()
    found: dict[Pair, Assessment] = {}
    for id, seeker in run.seekers.items():
        profile = profile_of(seeker)
        for occupation in world.related_to(profile.occupations):
            for vacancy_id, offer in offers.get(occupation, ()):
                pair = (id, vacancy_id)
                if pair not in skip and not rules_out(profile, offer, run.policy, world):
                    found[pair] = assess(profile, offer, run.policy, world)
        # A run of thousands takes seconds; the consumer's heartbeats must not wait for its end.
        await asyncio.sleep(0)
    return found


async def _store(session: AsyncSession, fresh: Mapping[Pair, Assessment], run: _Run) -> Mapping[Pair, UUID]:
    """The ids of the new matches. A pair that another run has just stored is that run's, to tell of too."""
    stored: dict[Pair, UUID] = {}
    statement = insert(Match).on_conflict_do_nothing().returning(Match.seeker, Match.vacancy, Match.id)
    pairs = list(fresh.items())
    for start in range(0, len(pairs), _CHUNK):
        rows = [_row(pair, found, run) for pair, found in pairs[start : start + _CHUNK]]
        for row in await session.execute(statement, rows):
            stored[row.seeker, row.vacancy] = row.id
    return stored


def _row(pair: Pair, found: Assessment, run: _Run) -> dict[str, Any]:
    return {
        "id": new_id(),
        "seeker": pair[0],
        "vacancy": pair[1],
        "fit": found.fit,
        "score": found.score,
        "findings": to_json(found.findings),
        "missing_required": list(found.missing_required),
        "missing_wished": list(found.missing_wished),
        "training": list(found.training),
        "policy": run.policy.version,
        "seeker_version": run.seekers[pair[0]].version,
        "assessed": run.now,
    }


async def _tell(
    session: AsyncSession, fresh: Mapping[Pair, Assessment], stored: Mapping[Pair, UUID], run: _Run
) -> int:
    """Record job.matched for the best of the new matches."""
    candidates = await _candidates(session, fresh, run)
    if not candidates:
        return 0
    vacancies = {candidate.vacancy for candidate in candidates}
    told = await queries.told_of(session, vacancies)
    room = {
        id: (run.vacancies[id].posts - run.vacancies[id].taken) * run.policy.told_per_post - told.get(id, 0)
        for id in vacancies
    }
    chosen = [(c.seeker, c.vacancy) for c in choose(candidates, room, at_most=run.policy.tell_at_most)]
    if not chosen:
        return 0
    await session.execute(
        update(Match).where(among(Match.id, (stored[pair] for pair in chosen))).values(told=run.now)
    )
    await record_each(
        session, [(_event(pair, fresh[pair], run), run.cause(pair)) for pair in chosen], at=run.now
    )
    return len(chosen)


async def _candidates(
    session: AsyncSession, fresh: Mapping[Pair, Assessment], run: _Run
) -> Sequence[Candidate]:
    good = {
        pair: found
        for pair, found in fresh.items()
        if found.fit is Fit.FITS and found.score >= run.policy.good_from
    }
    if not good:
        return []
    told = await queries.told_scores(session, {seeker for seeker, _ in good})
    told_before = Counter(seeker for seeker, _ in told)
    return [
        Candidate(
            seeker=pair[0],
            vacancy=pair[1],
            score=found.score,
            told_before=told_before[pair[0]],
            waiting_since=run.seekers[pair[0]].registered,
            again=pair in told,
        )
        for pair, found in good.items()
        if worth_telling(
            found.score,
            told.get(pair, _seen(run.current.get(pair), run.policy)),
            good_from=run.policy.good_from,
            clearly_better=run.policy.clearly_better,
        )
    ]


def _seen(match: Current | None, policy: MatchingPolicy) -> float | None:
    """The score of a match that was good already: without a telling it could be read in the list, and is no news."""
    return match.score if match and match.fit == Fit.FITS and match.score >= policy.good_from else None


def _event(pair: Pair, found: Assessment, run: _Run) -> JobMatched:
    seeker, vacancy = run.seekers[pair[0]], run.vacancies[pair[1]]
    return JobMatched(
        seeker=seeker.id,
        resident=seeker.resident,
        vacancy=vacancy.id,
        occupation=vacancy.occupation,
        score=found.score,
        met=found.codes(Verdict.MET),
        unmet=found.codes(Verdict.UNMET),
        missing_skills=found.missing_skills,
        training=found.training,
        policy=run.policy.version,
        expires=vacancy.expires,
    )
