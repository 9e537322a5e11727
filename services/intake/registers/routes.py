"""HTTP paths of registers: send the file, look at what it would change, apply it."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.registers import actions, queries
from services.intake.registers.applying import apply_batch
from services.intake.registers.reading import CSV, XLSX, rows_of
from services.intake.registers.rules import (
    NotATable,
    Outcome,
    RegisterClosed,
    RegisterNotFound,
    RegisterTooLarge,
    State,
    UnreadableRegister,
)
from services.intake.registers.tables import RegisterRow
from services.intake.residents.actions import Reading
from services.intake.wire import Source
from shared.contracts.vocabulary import name
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["registers"])
AnyDesk = Annotated[Desk, provided(Desk)]
_BATCHES = 4
"""Applied in one call: two thousand rows, some seconds."""
_PIECE = 500
_FILE = {
    "requestBody": {
        "required": True,
        "description": "A table with a header: 姓名, 身份证号, 电话, 住址, 性别, 出生日期, 户号, 与户主关系, or their English"
        " names. UTF-8 or GB18030. At most 1 MiB; a longer file is sent in parts, each with the header.",
        "content": {
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


class NewRegister(Model):
    source: Source


class RegisterState(Model):
    id: UUID
    state: State
    new: int
    changed: int
    same: int
    refused: int
    left: int
    """Rows that are still to be applied: call `apply` again until there are none."""


class ProblemLine(Model):
    field: str
    code: str
    detail: str


class RegisterLine(Model):
    number: int
    """Of the line in the file."""
    outcome: Outcome
    resident: UUID | None
    fields: list[str]
    """What it would change, or changed. No value is shown: the file has them."""
    problems: list[ProblemLine]
    applied: datetime | None


@router.post("/v1/registers", status_code=201)
async def open_register(
    body: NewRegister, call: Annotated[Call, permit("registers:import")], desk: AnyDesk
) -> RegisterState:
    """Begin an import: a dry run, until it is applied. After a day it expires, and what was sent is destroyed."""

    async def begin(session: AsyncSession) -> RegisterState:
        run = await actions.open_run(
            session, desk.keys, body.source, now=call.now, by=actor_of(call.principal)
        )
        return await _state(session, run)

    return await call.once(begin)


@router.post(
    "/v1/registers/{id}/parts",
    responses=refuses(RegisterNotFound, RegisterClosed, RegisterTooLarge, UnreadableRegister, NotATable),
    openapi_extra=_FILE,
)
async def add_part(
    id: UUID,
    request: Request,
    call: Annotated[Call, permit("registers:import")],
    desk: AnyDesk,
    first_line: Annotated[
        int, Query(ge=1, description="Which line of the whole file this part's header stands for")
    ] = 1,
) -> RegisterState:
    """Send a file, or a part of one, and see what it would change. Nothing is changed yet. Lines that were sent before
    take the place of the old ones, so a part may be sent again.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in {CSV, XLSX}:
        raise NotATable
    content = await request.body()
    # A thread, since a workbook of some thousand rows takes a second.
    rows = await asyncio.to_thread(lambda: list(rows_of(content, media)))
    if not rows:
        raise UnreadableRegister(field="body", reason_zh="文件为空。", reason_en="The file is empty.")
    shifted = [(number + first_line - 1, cells) for number, cells in rows]
    today = actions.today_of(call.now)
    entries, refused = await asyncio.to_thread(actions.read_rows, shifted, today)
    reading = Reading(actor_of(call.principal), "register", call.now)
    numbers = sorted(entries)
    for start in range(0, max(len(numbers), 1), _PIECE):
        some = {number: entries[number] for number in numbers[start : start + _PIECE]}
        async with call.transaction() as session:
            await actions.add_rows(
                session,
                desk.keys,
                id,
                entries=some,
                refused=[] if start else refused,
                reading=reading,
            )
    async with call.transaction() as session:
        return await _state(session, id)


@router.post("/v1/registers/{id}/apply", responses=refuses(RegisterNotFound, RegisterClosed))
async def apply_register(
    id: UUID, call: Annotated[Call, permit("registers:import")], desk: AnyDesk
) -> RegisterState:
    """Apply what the dry run showed: up to two thousand rows a call. Called again it goes on, and at the end it changes
    nothing; a row is compared with what is on record at that moment.
    """
    async with call.transaction() as session:
        state = await actions.begin(session, id)
    by = actor_of(call.principal)
    for _ in range(_BATCHES if state is not State.APPLIED else 0):
        async with call.transaction() as session:
            if not await apply_batch(session, desk, id, now=call.now, by=by):
                await actions.finish(session, id, State.APPLIED, call.now)
                break
    async with call.transaction() as session:
        return await _state(session, id)


@router.get("/v1/registers/{id}", responses=refuses(RegisterNotFound))
async def read_register(id: UUID, call: Annotated[Call, permit("registers:import")]) -> RegisterState:
    """How far it is."""
    async with call.transaction() as session:
        return await _state(session, id)


@router.get("/v1/registers/{id}/rows", responses=refuses(RegisterNotFound))
async def list_register_rows(
    id: UUID,
    call: Annotated[Call, permit("registers:import")],
    outcome: Outcome | None = None,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RegisterLine]:
    """What each row would change, or why it is refused; in the order of the file."""
    after = 0 if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await queries.one(session, id)
        rows = await queries.rows(session, id, outcome=outcome, after=after, limit=limit + 1)

    def line(row: RegisterRow) -> RegisterLine:
        return RegisterLine(
            number=row.number,
            outcome=Outcome(row.outcome),
            resident=row.resident,
            fields=row.fields,
            problems=[
                ProblemLine(
                    field=problem["field"],
                    code=problem["code"],
                    detail=name("register_problem", problem["code"], call.language),
                )
                for problem in row.problems or []
            ],
            applied=row.applied,
        )

    return page(rows, limit, item=line, position=lambda row: (row.number,))


async def _state(session: AsyncSession, run: UUID) -> RegisterState:
    row = await queries.one(session, run)
    counts, left = await queries.counts(session, run)
    return RegisterState(
        id=run,
        state=State(row.state),
        new=counts[Outcome.NEW],
        changed=counts[Outcome.CHANGED],
        same=counts[Outcome.SAME],
        refused=counts[Outcome.REFUSED],
        left=left,
    )
