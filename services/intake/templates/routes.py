"""HTTP paths of answer templates."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.requests import queries as requests
from services.intake.requests.queries import RequestNotFound
from services.intake.templates import actions, queries
from services.intake.templates.actions import TemplateRetired
from services.intake.templates.queries import TemplateNotFound, template_of
from services.intake.templates.rules import About, UnknownPlaceholder, fits, render
from services.intake.templates.schemas import (
    Rendered,
    TemplateBody,
    TemplateRecord,
    TemplateVersionLine,
    TemplateWritten,
)
from services.intake.wire import UnknownCode, known_code
from shared.contracts.intake import Outcome
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter(tags=["templates"])


@router.post("/v1/answer-templates", status_code=201, responses=refuses(UnknownCode, UnknownPlaceholder))
async def write_template(
    body: TemplateBody, call: Annotated[Call, permit("templates:write")]
) -> TemplateWritten:
    """A new template for answers."""
    template = _checked(body)

    async def write(session: AsyncSession) -> TemplateWritten:
        id = await actions.write(session, template.template(), by=actor_of(call.principal), now=call.now)
        return TemplateWritten(id=id, version=1)

    written = await call.once(write)
    call.etag(written.version)
    return written


@router.get("/v1/answer-templates", responses=refuses())
async def list_templates(
    call: Annotated[Call, permit("templates:read")],
    *,
    category: Annotated[str | None, Query(pattern=r"^(\d{2}){1,3}$", max_length=6)] = None,
    outcome: Outcome | None = None,
    retired: bool = False,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[TemplateRecord]:
    """Templates, oldest first. With a category or outcome, those that fit it; `retired`: also those out of use."""
    after = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(
            session, category=category, outcome=outcome, retired=retired, after=after, limit=limit + 1
        )
    return page(rows, limit, item=TemplateRecord.of, position=lambda row: (row.id,))


@router.get("/v1/answer-templates/{id}", responses=refuses(TemplateNotFound))
async def read_template(id: UUID, call: Annotated[Call, permit("templates:read")]) -> TemplateRecord:
    """One template, in use or retired."""
    async with call.transaction() as session:
        row = await queries.one(session, id)
    call.etag(row.version)
    return TemplateRecord.of(row)


@router.get("/v1/answer-templates/{id}/versions", responses=refuses(TemplateNotFound))
async def list_template_versions(
    id: UUID,
    call: Annotated[Call, permit("templates:read")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[TemplateVersionLine]:
    """What the template said before, the latest version first."""
    before = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await queries.one(session, id)
        rows = await queries.versions(session, id, before=before, limit=limit + 1)
    return page(rows, limit, item=TemplateVersionLine.of, position=lambda row: (row.version,))


@router.put(
    "/v1/answer-templates/{id}",
    responses=refuses(TemplateNotFound, TemplateRetired, UnknownCode, UnknownPlaceholder),
)
async def change_template(
    id: UUID, body: TemplateBody, call: Annotated[Call, permit("templates:write")]
) -> TemplateWritten:
    """Another version of a template."""
    template = _checked(body)
    async with call.transaction() as session:
        row = await queries.one(session, id, for_update=True)
        call.require_match(row.version)
        by = actor_of(call.principal)
        version = await actions.change(session, row, template.template(), by=by, now=call.now)
    call.etag(version)
    return TemplateWritten(id=id, version=version)


@router.delete("/v1/answer-templates/{id}", status_code=204, responses=refuses(TemplateNotFound))
async def retire_template(id: UUID, call: Annotated[Call, permit("templates:write")]) -> None:
    """Nobody chooses it any more; what it said stays."""
    async with call.transaction() as session:
        row = await queries.one(session, id, for_update=True)
        if call.if_match is not None:
            call.require_match(row.version)
        await actions.retire(session, row, now=call.now)


@router.get(
    "/v1/requests/{id}/answer-templates/{template}", responses=refuses(RequestNotFound, TemplateNotFound)
)
async def render_template(
    id: UUID, template: UUID, call: Annotated[Call, permit("templates:read")]
) -> Rendered:
    """A template's words for this request. Nothing is sent and nothing of the resident is read."""
    async with call.transaction() as session:
        request = await requests.one(session, id)
        row = await queries.one(session, template)
    words = template_of(row)
    about = About(request.reference, request.handle_due, request.category)
    return Rendered(
        template=row.id,
        version=row.version,
        request=request.id,
        zh=render(words, about, "zh"),
        en=render(words, about, "en"),
        fits=fits(words, category=request.category, outcome=None),
    )


def _checked(body: TemplateBody) -> TemplateBody:
    if body.category is not None:
        known_code("category", body.category, field="category")
    return body
