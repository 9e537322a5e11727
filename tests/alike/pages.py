"""The pages of docs/figures about duplicates and hot spots."""

import sys
from collections import Counter
from pathlib import Path

from services.intake.duplicates.fingerprints import KEPT, SOUGHT
from services.intake.duplicates.rules.likeness import OFFERED
from shared.contracts.vocabulary import name as code_name
from shared.understanding import shipped
from shared.understanding.places import place_in
from tests.alike.judged import Quality, found, judged, quality
from tests.alike.spots import TERMS, Spot, hottest, spots

_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
_YEAR = 2019
_MEASURED = "half of the searches in 8 ms, 99 of 100 in 13 ms (two cores, nothing beside, 2026-11-29)"
"""Taken over from the benchmark's table, with the day."""


def write(file: Path, content: str) -> None:
    file.write_text(content, encoding="utf-8")
    sys.stdout.write(f"{file.name} written\n")


def duplicates() -> str:
    setting, proving = judged("setting"), judged("proving")
    lines = [
        "| threshold | offered and the same | offered and not | the same and not offered | neither | precision | recall |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for threshold in _THRESHOLDS:
        is_ = quality(proving, threshold)
        mark = " (used)" if threshold == OFFERED else ""
        lines.append(
            f"| {threshold}{mark} | {is_.right} | {is_.wrong} | {is_.missed} | {is_.rest} | {is_.precision:.3f} | {is_.recall:.3f} |"
        )
    same = [pair for pair in proving if pair.same]
    reached = sum(found(pair) for pair in same)
    return _DUPLICATES.format(
        proving=len(proving),
        setting=len(setting),
        same=len(same),
        table="\n".join(lines),
        reached=reached,
        kept=KEPT,
        sought=SOUGHT,
        used=OFFERED,
        on_setting=_in_words(quality(setting)),
        measured=_MEASURED,
    )


def hot_spots() -> str:
    lines = [
        "| place, by the publisher's codes | category, by the classifier | messages | residents | upvotes | first | last | highest heat | on |",
        "|---|---|---:|---:|---:|---|---|---:|---|",
    ]
    for spot, heat, at in hottest(_YEAR, count=10, votes=False):
        days = [letter.at for letter in spot.members]
        lines.append(
            f"| {_place(spot)} | {_category(spot)} | {len(spot.members)} | {spot.residents} | {spot.upvotes} "
            f"| {min(days):%m-%d} | {max(days):%m-%d} | {heat.index} | {at:%Y-%m-%d} |"
        )
    everything = spots()
    several = [spot for spot in everything if spot.residents >= TERMS.residents]
    return _HOT_SPOTS.format(
        year=_YEAR,
        table="\n".join(lines),
        all=len(everything),
        several=len(several),
        days=TERMS.half_life_days,
    )


def _in_words(of: Quality) -> str:
    return f"{of.precision:.3f} and {of.recall:.3f}"


def _place(spot: Spot) -> str:
    """The commonest name of a place, and the commonest district, as the publisher writes it."""
    found = [place_in(letter.subject, letter.body) for letter in spot.members]
    names = Counter(place.name for place in found if place.name is not None)
    codes = Counter(code for place in found for code in place.codes if not code.endswith("A市"))
    name = max(names, key=lambda each: (names[each], len(each)), default="")
    code = max(codes, key=lambda each: (codes[each], each), default="")
    return f"{code} {name}".strip() or "?"


def _category(spot: Spot) -> str:
    """The commonest guess of the classifier that is shipped."""
    guesses = Counter(
        shipped().classify(letter.subject, letter.body).best.category for letter in spot.members
    )
    category = max(guesses, key=lambda each: (guesses[each], each))
    return " / ".join(
        code_name("category", category[:length], "zh") for length in (2, 4, 6) if length <= len(category)
    )


_DUPLICATES = """# Near duplicates

Written by `python -m tests.alike duplicates` from 4,326 real messages to a city, which are no part of the repository. `tests/services/intake/test_duplicate_pairs.py`
fails when the figures at the threshold that is used fall below 0.9 and 0.8.

## How right

{proving} pairs of messages were judged by one reader from subject and beginning (same concern at the same place or project, or not), {same} of them are the same. {setting} more pairs
were judged the same way, and the numbers of the rules were set on those alone (precision and recall there: {on_setting}). One thing was changed
after figures of both had been seen: names of places were taken out of the words and compared by themselves (before, 0.952 and 0.850). The pairs are
in `tests/services/intake/duplicate_pairs.csv`, ids only.

{table}

A pair counts as offered only where the search by terms finds it among all messages before it, too: it does for {reached} of the {same}.

**What these figures do not say.** The pairs were drawn in thirteen bands of another measure of likeness (common pairs of characters of subject and beginning), so that every
degree of likeness is there, and not as often as it occurs: most of the pairs that nobody would take for the same were never
drawn, and two texts about one thing in wholly different words were not either. One person judged. Messages of one city in a year have neither addresses
nor categories, which intake's requests mostly have, and which decide much: there the figures should be better. In one estate, where everybody writes the
same name of a place, those decide and not the name.

## How

- A fingerprint is the {kept} pairs of characters that tell most of a request, as keyed hashes of 32 bits, and its names of places; some 360 bytes. Names of
  places are kept apart from words: in one estate everybody writes them.
- The {sought} that tell most are rows of an indexed table. A search takes, for each, the newest 250 requests that have it, and compares the 40 that share most: one statement.
- The score adds up words, subject, place, category and distance in time, and the answer shows what each contributed. From {used} on a request is offered.
- Against 100,000 requests, measured by `python -m tests.bench --only similar`: {measured}.
"""

_HOT_SPOTS = """# Hot spots of {year}

Written by `python -m tests.alike hot-spots` from 4,326 real messages to a city (codes of districts are the publisher's), by the rules of the service, in the order in which
they were sent: each was looked at once, with those before it. Of {all} groups, {several} have three residents or more.

{table}

The heat is the highest that a hot spot reached, on the day beside it:

    heat = 10 * (people + 0.2 * repeats + 0.5 * votes) * (0.5 + 0.5 * residents / requests)

where each counts half after {days} days: `people` are different residents, by the latest that each said; `repeats` further messages of the same
ones; `votes` are left out here, since the data do not say when and by whom somebody voted a message up. A community announces a hot spot from 30
on (three residents within days), by an event to the district and a message to its head.
"""
