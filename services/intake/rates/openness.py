"""Which figures everybody may see: those behind which enough people stand. Plain Python."""

from collections.abc import Mapping

from services.intake.rates.tallies import Tally

LEAST = 5
"""Call-backs behind a figure that is shown to everybody: below it, who knows the case knows the answer (k = 5, as
statistical offices commonly use for tables of frequencies)."""


def shown(lines: Mapping[str | None, Tally]) -> Mapping[str, Tally]:
    """The lines that may be shown beside their total, by key.

    One line alone that is left out could be worked out from the total, so the next smallest goes with it.
    """
    said = {key: line for key, line in lines.items() if key is not None}
    left_out = [line for key, line in lines.items() if key is None or line.rated < LEAST]
    kept = sorted(
        (key for key, line in said.items() if line.rated >= LEAST), key=lambda key: (said[key].rated, key)
    )
    hidden = [line for line in left_out if line.rated]
    if kept and hidden and (len(hidden) == 1 or sum(line.rated for line in hidden) < LEAST):
        kept = kept[1:]
    return {key: said[key] for key in kept}
