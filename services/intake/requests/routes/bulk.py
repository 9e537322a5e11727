"""Filing many requests of another system at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.requests.actions.bulk import Filed, Row, file_all
from services.intake.requests.actions.writing import NumbersExhausted
from services.intake.requests.filing import Particulars, Words
from services.intake.requests.routes.schemas import AddressText, Body, Category, Subject
from services.intake.wire import Source, UnknownCode, known_code
from shared.contracts.intake import Channel, Urgency
from shared.security import permit
from shared.web import Call, Model, PastMoment, Text, provided, refuses
from shared.web.validation import field_errors

router = APIRouter()
MAX_ROWS = 200


class BulkRow(Model):
    """One request of the other system."""

    external_id: Annotated[str, Text(64)]
    """Its number there: the same number is filed once, however often it is sent."""
    resident_ref: Annotated[str, Text(64)]
    """The resident's number there; an unknown one makes a resident without contact."""
    subject: Subject
    body: Body
    submitted_at: PastMoment | None = None
    """When it was written. Kept beside; limits run from now on."""
    address: AddressText | None = None
    category: Category | None = None
    urgency: Urgency = Urgency.NORMAL


def _row_schema() -> dict[str, Any]:
    """For the OpenAPI document, in one piece."""
    schema = BulkRow.model_json_schema()
    schema["properties"]["urgency"] = {**schema.pop("$defs")["Urgency"], "default": "normal"}
    return schema


class BulkFiling(Model):
    source: Source
    history: bool = False
    """Records of the past: nobody is assigned and nobody is told. `submitted_at` is then required."""
    requests: Annotated[
        list[Any], Field(min_length=1, max_length=MAX_ROWS, json_schema_extra={"items": _row_schema()})
    ]
    """Rows as in `BulkRow`; one that is wrong is refused by itself and leaves the others unharmed."""


class RowResult(Model):
    row: int
    """Its place in the batch, from 0."""
    result: Literal["filed", "already", "refused"]
    external_id: str | None = None
    id: UUID | None = None
    reference: str | None = None
    field: str | None = None
    """For a refused row, what is wrong: a JSON pointer into the row,"""
    reason: str | None = None
    """a stable word,"""
    detail: str | None = None
    """and the same for people."""


class BulkFiled(Model):
    filed: int
    already: int
    refused: int
    results: list[RowResult]
    """In the order of the rows."""


_ROW = TypeAdapter(BulkRow)


@router.post("/v1/requests/bulk", responses=refuses(NumbersExhausted))
async def file_requests(
    body: BulkFiling,
    call: Annotated[Call, permit("requests:import")],
    desk: Annotated[Desk, provided(Desk)],
) -> BulkFiled:
    """File up to 200 requests in one transaction, each once for its source and external id."""
    checked = [_checked(number, row, body, call) for number, row in enumerate(body.requests)]
    rows = {row.external_id: row for row in checked if isinstance(row, Row)}

    async def file(session: AsyncSession) -> BulkFiled:
        by = actor_of(call.principal)
        filed = await file_all(session, desk, body.source, list(rows.values()), now=call.now, by=by)
        return _answer(checked, filed)

    return await call.once(file)


def _checked(number: int, raw: Any, batch: BulkFiling, call: Call) -> Row | RowResult:
    try:
        row = _ROW.validate_json(orjson.dumps(raw), context={"now": call.now})
        if row.category is not None:
            known_code("category", row.category, field="category")
    except ValidationError as error:
        # A field of the row may be called `body`, like the place that the errors of a request are in.
        found = error.errors(include_url=False, include_input=False)[0]
        (first,) = field_errors([{**found, "loc": ("body", *found["loc"])}], call.language)
        return _refused(number, raw, first["field"], first["type"], first["detail"])
    except UnknownCode as refusal:
        return _refused(number, raw, "/category", refusal.type, refusal.message(call.language))
    except orjson.JSONEncodeError:
        return _refused(number, raw, "", "unreadable", None)
    if batch.history and row.submitted_at is None:
        detail = "历史记录须有提交时间。" if call.language == "zh" else "A record of the past needs its time."
        return _refused(number, raw, "/submitted_at", "missing", detail)
    said = Particulars(
        channel=Channel.IMPORT,
        urgency=row.urgency,
        category=row.category,
        submitted=row.submitted_at,
        source=batch.source,
        external_id=row.external_id,
        history=batch.history,
    )
    return Row(row.resident_ref, Words(row.subject, row.body, row.address), said)


def _refused(number: int, raw: Any, field: str, reason: str, detail: str | None) -> RowResult:
    external_id = raw.get("external_id") if isinstance(raw, dict) else None
    if not isinstance(external_id, str) or not 0 < len(external_id) <= 64 or not external_id.isprintable():
        external_id = None
    return RowResult(
        row=number,
        result="refused",
        external_id=external_id,
        field=field,
        reason=reason,
        detail=detail,
    )


def _answer(checked: Sequence[Row | RowResult], filed: Mapping[str, Filed]) -> BulkFiled:
    results: list[RowResult] = []
    seen: set[str] = set()
    for number, row in enumerate(checked):
        if isinstance(row, RowResult):
            results.append(row)
            continue
        found = filed.get(row.external_id)
        if found is None:
            results.append(
                RowResult(
                    row=number,
                    result="refused",
                    external_id=row.external_id,
                    field="/resident_ref",
                    reason="resident-erased",
                )
            )
            continue
        # A row that stands in the batch twice is filed once.
        new = found.new and row.external_id not in seen
        seen.add(row.external_id)
        results.append(
            RowResult(
                row=number,
                result="filed" if new else "already",
                external_id=row.external_id,
                id=found.request,
                reference=found.reference,
            )
        )
    return BulkFiled(
        filed=sum(each.result == "filed" for each in results),
        already=sum(each.result == "already" for each in results),
        refused=sum(each.result == "refused" for each in results),
        results=results,
    )
