"""HTTP paths of erasures: doing it, and the certificate that it was done."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake import printing
from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.erasures import actions, queries
from services.intake.erasures.queries import NotErased
from services.intake.erasures.rules import COPIES, Certificate, Remains
from services.intake.erasures.tables import Erasure
from services.intake.residents.belongings import Belongings
from services.intake.residents.queries import ResidentNotFound, person
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.calendar import SHANGHAI
from shared.contracts.vocabulary import name
from shared.security import permit
from shared.tenants import Tenants
from shared.web import Call, Cursor, Model, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["erasures"])
_BOTH = "{} · {}"


class CopyLine(Model):
    place: str
    zh: str
    en: str


class ErasureLine(Model):
    resident: UUID
    certificate: str
    """Its number."""
    at: datetime
    reason: str
    reason_name: str


class ErasureCertificate(ErasureLine):
    """What was destroyed of a person. It names nobody."""

    community: str
    by_role: str
    destroyed: dict[str, int]
    """How many things of each kind."""
    key: str
    """SHA-256 of the wrapped key that was destroyed."""
    copies: list[CopyLine]
    digest: str
    """SHA-256 over the content, which anyone can compute again."""
    found_now: dict[str, int]
    """What a look into the database finds of the record at this moment: keys, indexes, references, fields."""
    holds: bool
    """That it finds nothing."""


@router.delete(
    "/v1/residents/{id}",
    status_code=204,
    tags=["residents"],
    responses=refuses(ResidentNotFound, ResidentErased, UnknownCode),
)
async def erase_resident(
    id: UUID,
    call: Annotated[Call, permit("residents:erase")],
    desk: Annotated[Desk, provided(Desk)],
    belongings: Annotated[Belongings, provided(Belongings)],
    reason: Annotated[
        str, Query(max_length=24, description="Which case of PIPL article 47: a code of `erasure_reason`")
    ] = "asked",
) -> None:
    """Destroy the person's keys: nothing that is held of them can be read any more, by anyone, backups included.

    A certificate is at `/v1/erasures/{id}`.
    """
    own = own_resident(call.principal)
    code = known_code("erasure_reason", "asked" if own else reason, field="reason")
    async with call.transaction() as session:
        if own is not None:
            await _require_own_record(session, own, id)
        erased = await actions.erase(
            session, desk.keys, belongings, id, now=call.now, by=actor_of(call.principal), reason=code
        )
    for record in erased:
        desk.keys.drop(call.tenant, record)


@router.get("/v1/erasures")
async def list_erasures(
    call: Annotated[Call, permit("erasures:list")],
    tenants: Annotated[Tenants, provided(Tenants)],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[ErasureLine]:
    """Who was erased, as ids, the latest first: with a backup from before, these are to be erased again."""
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = await queries.listing(session, before=before, limit=limit + 1)

    def line(row: Erasure) -> ErasureLine:
        return ErasureLine(
            resident=row.resident,
            certificate=_certificate(row, call, tenants).number,
            at=row.at,
            reason=row.reason,
            reason_name=name("erasure_reason", row.reason, call.language),
        )

    return page(rows, limit, item=line, position=lambda row: (row.resident,))


@router.get("/v1/erasures/{id}", responses=refuses(NotErased))
async def read_certificate(
    id: UUID,
    call: Annotated[Call, permit("erasures:read")],
    tenants: Annotated[Tenants, provided(Tenants)],
) -> ErasureCertificate:
    """The certificate, with a look at what is left of the record now."""
    row, remains = await _looked_at(id, call)
    shown = _certificate(row, call, tenants)
    return ErasureCertificate(
        resident=shown.resident,
        certificate=shown.number,
        at=shown.at,
        reason=shown.reason,
        reason_name=name("erasure_reason", shown.reason, call.language),
        community=shown.community,
        by_role=shown.by_role,
        destroyed=dict(shown.destroyed),
        key=shown.key,
        copies=[CopyLine(place=copy.place, zh=copy.zh, en=copy.en) for copy in COPIES],
        digest=shown.digest,
        found_now={
            "keys": remains.keys,
            "indexes": remains.indexes,
            "references": remains.references,
            "fields": remains.fields,
        },
        holds=remains.none,
    )


@router.get("/v1/erasures/{id}/page", responses=refuses(NotErased), response_class=HTMLResponse)
async def print_certificate(
    id: UUID,
    request: Request,
    call: Annotated[Call, permit("erasures:read")],
    tenants: Annotated[Tenants, provided(Tenants)],
    belongings: Annotated[Belongings, provided(Belongings)],
) -> HTMLResponse:
    """The certificate to be printed, in Chinese and English."""
    row, remains = await _looked_at(id, call)
    shown = _certificate(row, call, tenants)
    tenant = tenants[call.tenant]
    facts = [
        ["证明编号 Certificate", shown.number],
        ["社区 Community", _BOTH.format(tenant.name_zh, tenant.name_en)],
        ["档案编号 Record", str(shown.resident)],
        ["删除时间 Erased", f"{shown.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S} (Asia/Shanghai)"],
        ["依据 Ground (PIPL 47)", _named("erasure_reason", shown.reason)],
    ]
    kinds = [
        [_BOTH.format(each.zh, each.en), str(shown.destroyed[each.name])]
        for each in belongings
        if each.name in shown.destroyed
    ]
    copies = [[_BOTH.format(copy.zh, copy.en)] for copy in COPIES]
    look = "未发现任何残留 nothing is left" if remains.none else "仍有残留 something is left"
    return printing.page(
        request,
        "个人信息删除证明 Certificate of erasure",
        printing.table([], facts),
        printing.section("已销毁 Destroyed", printing.table(["内容 what", "数量 number"], kinds)),
        printing.section("各处副本 Copies", printing.table([], copies)),
        printing.section(
            "核验 Verification",
            printing.table(
                [],
                [
                    ["此刻检查数据库 Looked for now", look],
                    ["被销毁密钥摘要 SHA-256 of the destroyed key", shown.key],
                    ["本证明摘要 SHA-256 of this certificate", shown.digest],
                ],
            ),
        ),
    )


async def _looked_at(id: UUID, call: Call) -> tuple[Erasure, Remains]:
    own = own_resident(call.principal)
    if own is not None and own != id:
        raise NotErased
    async with call.transaction() as session:
        return await queries.one(session, id), await queries.remains(session, id)


async def _require_own_record(session: AsyncSession, own: UUID, id: UUID) -> None:
    """Any record of their own; a guardian erases nobody. Raises ResidentNotFound."""
    if own != id and id not in await person(session, own):
        raise ResidentNotFound


def _certificate(row: Erasure, call: Call, tenants: Tenants) -> Certificate:
    return Certificate(
        community=tenants[call.tenant].id,
        resident=row.resident,
        at=row.at,
        reason=row.reason,
        by_role=row.by_role,
        destroyed=row.destroyed,
        key=row.key,
    )


def _named(kind: str, code: str) -> str:
    return _BOTH.format(name(kind, code, "zh"), name(kind, code, "en"))
