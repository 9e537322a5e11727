"""What a consumer says that it has done: JSON lines, from an HTTP address or a file.

    {"id": "019a…", "subject": "019a…", "sequence": 3}          an event that was applied, in the order of applying
    {"missing": {"subject": "019a…", "from": 4, "to": 5}}       numbers that it noticed to be missing (filled since or not)

Other fields are ignored, and so is a last line of a file that is only half written.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from testkit.streams import Line, Missing


class NoListing(Exception):
    """The listing cannot be had, or is not as described. The text says why."""


@dataclass(slots=True)
class Listing:
    applied: list[Line] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)


class Source:
    """`where`: an http(s) address, or a file's path. A file that is not there yet lists nothing."""

    def __init__(self, where: str) -> None:
        self._where = where
        # Your own consumer is asked, not the world: no proxy in between.
        over_http = where.startswith(("http://", "https://"))
        self._http = httpx.AsyncClient(timeout=10, trust_env=False) if over_http else None

    async def get(self) -> Listing:
        """Raises NoListing."""
        return parse(await self._over_http() if self._http is not None else self._file())

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _over_http(self) -> list[str]:
        assert self._http is not None
        try:
            answer = await self._http.get(self._where)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NoListing(f"{self._where}: {type(error).__name__}: {error}") from error
        return answer.text.split("\n")

    def _file(self) -> list[str]:
        path = Path(self._where)
        if not path.exists():
            return []
        # What follows the last line break is still being written.
        return path.read_text(encoding="utf-8").split("\n")[:-1]


def parse(lines: Iterable[str]) -> Listing:
    """Raises NoListing, naming the line."""
    listing = Listing()
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            content = json.loads(text)
            if "missing" in content:
                one = content["missing"]
                listing.missing.append(Missing(str(one["subject"]), int(one["from"]), int(one["to"])))
            else:
                listing.applied.append(
                    Line(str(content["id"]), str(content["subject"]), int(content["sequence"]))
                )
        except (ValueError, TypeError, KeyError) as error:
            raise NoListing(
                f"line {number} of the listing: {type(error).__name__}: {str(error)[:100]}"
            ) from error
    return listing
