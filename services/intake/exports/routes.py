"""HTTP paths of exports: all that is held of a person, as JSON and as a page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.intake import printing
from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.exports.actions import everything
from services.intake.guardians.queries import acts_for
from services.intake.residents.actions import Reading
from services.intake.residents.belongings import Belonging, Belongings, Item
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from shared.calendar import SHANGHAI
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter(tags=["exports"])
AnyDesk = Annotated[Desk, provided(Desk)]
AnyBelongings = Annotated[Belongings, provided(Belongings)]


class ExportPart(Model):
    name: str
    zh: str
    en: str
    items: list[dict[str, Any]]
    """The oldest first."""


class PersonExport(Model):
    """All that is held of a person here."""

    resident: UUID
    at: datetime
    parts: list[ExportPart]


@router.get("/v1/residents/{id}/export", responses=refuses(ResidentNotFound, ResidentErased))
async def export_resident(
    id: UUID,
    call: Annotated[Call, permit("residents:export")],
    desk: AnyDesk,
    belongings: AnyBelongings,
) -> PersonExport:
    """A copy of all that is held of the person (PIPL article 45). It is recorded as a read."""
    found = await _gathered(id, call, desk, belongings)
    return PersonExport(
        resident=id,
        at=call.now,
        parts=[
            ExportPart(name=part.name, zh=part.zh, en=part.en, items=[_plain(item) for item in items])
            for part, items in _parts(belongings, found)
        ],
    )


@router.get(
    "/v1/residents/{id}/export/page",
    responses=refuses(ResidentNotFound, ResidentErased),
    response_class=HTMLResponse,
)
async def print_export(
    id: UUID,
    request: Request,
    call: Annotated[Call, permit("residents:export")],
    desk: AnyDesk,
    belongings: AnyBelongings,
) -> HTMLResponse:
    """The same as a page to be printed."""
    found = await _gathered(id, call, desk, belongings)
    sections = [
        printing.section(
            f"{part.zh} · {part.en} ({len(items)})",
            *(printing.table([], [[key, _text(value)] for key, value in item.items()]) for item in items),
        )
        for part, items in _parts(belongings, found)
    ]
    made = f"{call.now.astimezone(SHANGHAI):%Y-%m-%d %H:%M} (Asia/Shanghai)"
    return printing.page(
        request, "个人信息副本 Copy of personal data", printing.paragraph(f"{id} · {made}"), *sections
    )


async def _gathered(id: UUID, call: Call, desk: Desk, belongings: Belongings) -> Mapping[str, Sequence[Item]]:
    own = own_resident(call.principal)
    reading = Reading(actor_of(call.principal), "own_access" if own else "export", call.now)
    async with call.transaction() as session:
        if own is not None and not await acts_for(session, own, id):
            raise ResidentNotFound
        return await everything(session, desk.keys, belongings, id, reading)


def _parts(
    belongings: Belongings, found: Mapping[str, Sequence[Item]]
) -> list[tuple[Belonging, Sequence[Item]]]:
    return [(belonging, found[belonging.name]) for belonging in belongings]


def _plain(item: Item) -> dict[str, Any]:
    return {key: _jsonable(value) for key, value in item.items()}


def _jsonable(value: object) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {str(key): _jsonable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_jsonable(inner) for inner in value]
    return value


def _text(value: object) -> str:
    """A value for people to read."""
    match value:
        case None:
            return "—"
        case bool():
            return "是 yes" if value else "否 no"
        case datetime():
            return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
        case Mapping():
            return "; ".join(f"{key}: {_text(inner)}" for key, inner in value.items())
        case list() | tuple():
            return "; ".join(_text(inner) for inner in value)
    return str(value)
