"""What of a request may be shown to everybody, and when that is too little to hide in. Plain Python."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.vocabulary import codes

WITHHELD = ("0204", "05", "0909", "0910", "1203", "1205", "1306", "1309", "1310", "1311")
"""Categories of which nothing is shown unless a community says otherwise.

That somebody of this building asked about them says by itself what law calls sensitive (PIPL article 28: belief, health,
criminal matters, a particular identity) or exposes who reported an official (05, 1306).
"""
LEAST = 5
"""So many requests have to look alike before they are shown as fine as they are: k of k-anonymity. Statistical offices
take 3 to 10 for tables that everybody may see; 5 is our own choice."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What a community shows everybody. Tables `open311` and `open_data` of its settings."""

    open311: bool = True
    """Whether the Open311 endpoint answers for it."""
    jurisdiction: str | None = None
    """A name for it beside the tenant's id, by custom the address of its website (`longxi.gov.cn`)."""
    places: bool = True
    """Whether the Open311 view names the place (a road, a building), or the grid alone."""
    open_data: bool = False
    """Whether the anonymised list is offered."""
    least: int = LEAST
    withheld: tuple[str, ...] = WITHHELD
    """Categories, with all below them, of which neither shows anything."""

    def shows(self, category: str | None) -> bool:
        return category is not None and not category.startswith(self.withheld)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Publishing":
        """From the settings of intake. Raises ValueError that names the setting at fault."""
        open311, open_data = (dict(settings.get(table, {})) for table in ("open311", "open_data"))
        withheld = tuple(open_data.pop("withheld", WITHHELD))
        unknown = [code for code in withheld if code not in codes("category")]
        if unknown:
            raise ValueError(f"open_data.withheld: {unknown[0]!r} is no category")
        least: object = open_data.pop("least", LEAST)
        if not isinstance(least, int) or isinstance(least, bool) or least < 2:
            raise ValueError("open_data.least: a whole number from 2")
        jurisdiction: object = open311.pop("jurisdiction", None)
        if jurisdiction is not None and not (isinstance(jurisdiction, str) and jurisdiction.isprintable()):
            raise ValueError("open311.jurisdiction: a name")
        policy = cls(
            open311=_flag(open311, "open311", "enabled", otherwise=True),
            jurisdiction=jurisdiction,
            places=_flag(open311, "open311", "places", otherwise=True),
            open_data=_flag(open_data, "open_data", "enabled", otherwise=False),
            least=least,
            withheld=withheld,
        )
        for table, rest in (("open311", open311), ("open_data", open_data)):
            if rest:
                raise ValueError(f"{table}: there is no setting {min(rest)!r}")
        return policy


def _flag(table: dict[str, Any], named: str, setting: str, *, otherwise: bool) -> bool:
    value = table.pop(setting, otherwise)
    if not isinstance(value, bool):
        raise ValueError(f"{named}.{setting}: true or false")
    return value
