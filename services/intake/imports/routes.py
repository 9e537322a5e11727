"""HTTP paths of imports."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from services.intake.imports import queries
from services.intake.wire import Source
from shared.security import permit
from shared.web import Call, Model, Text

router = APIRouter(tags=["imports"])


class ProgressWanted(Model):
    source: Source
    external_ids: list[Annotated[str, Text(64)]] = Field(min_length=1, max_length=1000)
    """Rows of one file; a file of more is asked for in parts that are added up."""


class ImportProgress(Model):
    """Counted from the requests themselves, whichever import filed them."""

    source: str
    filed: int
    history: int
    """Of these, records of the past, which nobody is assigned to and nobody told of."""
    assigned: int
    told: int
    """The assigned worker and the resident each have their message in the final state `delivered`."""

    @classmethod
    def of(cls, source: str, found: queries.Progress) -> "ImportProgress":
        return cls(
            source=source,
            filed=found.filed,
            history=found.history,
            assigned=found.assigned,
            told=found.told,
        )


@router.get("/v1/imports/{source}/progress")
async def read_progress(
    source: Annotated[str, Path(max_length=32)], call: Annotated[Call, permit("requests:import")]
) -> ImportProgress:
    """Of all requests that came from a source."""
    async with call.transaction() as session:
        return ImportProgress.of(source, await queries.progress(session, source))


@router.post("/v1/imports/progress")
async def read_progress_of_rows(
    body: ProgressWanted, call: Annotated[Call, permit("requests:import")]
) -> ImportProgress:
    """Of up to 1,000 rows of a file, by their external ids. A POST for their number; it changes nothing."""
    ids = list(dict.fromkeys(body.external_ids))
    async with call.transaction() as session:
        return ImportProgress.of(body.source, await queries.progress(session, body.source, ids))
