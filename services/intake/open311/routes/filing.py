"""Filing by a portal's key, which stands in the form."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from services.intake.access import actor_of
from services.intake.anonymous.actions import follow_code
from services.intake.anonymous.rules import Complainant
from services.intake.desk import Desk
from services.intake.open311.actions import Portal, file_report
from services.intake.open311.attributes import wrong
from services.intake.open311.formats import PREFIX, Answer, format_of, response
from services.intake.open311.forms import api_key, form_of, report_of
from services.intake.open311.questions import attributes_of, values_of
from services.intake.open311.refusals import (
    OtherJurisdiction,
    ServiceMissing,
    ServiceUnknown,
    SeveralThings,
    WhoIsMissing,
)
from services.intake.open311.routes.jurisdictions import Jurisdictions
from services.intake.open311.rules import services
from services.intake.open311.showing import written
from services.intake.questions.rules import packed
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Model, provided
from shared.web.idempotency import AnswerReplayed

router = APIRouter()
_SOURCE = 32  # characters of a source's name


class Receipt(Model):
    """What is kept under an Idempotency-Key; the answer is made of it, in the format of each call."""

    id: str
    reference: str
    due: str
    anonymous: bool


@router.post(f"{PREFIX}v2/requests.{{format}}", include_in_schema=False)
async def open311_file_request(
    format: str,
    request: Request,
    call: Annotated[Call, permit("requests:file", credential=api_key)],
    jurisdictions: Annotated[Jurisdictions, provided(Jurisdictions)],
    desk: Annotated[Desk, provided(Desk)],
) -> Response:
    """File a request. The number is given at once (`realtime`), never a token."""
    wanted = format_of(format)
    form = await form_of(request)
    jurisdiction = jurisdictions.named(form.fields.get("jurisdiction_id"))
    if jurisdiction.tenant.id != call.tenant:
        raise OtherJurisdiction(field="api_key")
    code = form.fields.get("service_code")
    if code is None:
        raise ServiceMissing(field="service_code")
    service = services(jurisdiction.publishing.withheld).get(code)
    if service is None:
        raise ServiceUnknown(field="service_code")
    report = report_of(form)
    if not report.says_who and not desk.policies.of(call.tenant).anonymous:
        raise WhoIsMissing
    attributes = await attributes_of(desk, call.tenant, code, call.language)
    errors = wrong(attributes, report.attributes)
    if errors:
        raise SeveralThings(errors)
    values = await values_of(desk, call.tenant, code, report.attributes)
    answers = packed(await desk.questions.checked(call.tenant, code, values))
    portal = Portal(actor_of(call.principal), _source(call))

    async def file(session: AsyncSession) -> Receipt:
        filing = await file_report(
            session, desk, service, report, answers=answers, portal=portal, now=call.now
        )
        return Receipt(
            id=str(filing.id),
            reference=filing.reference,
            due=written(filing.life.handle.due),
            anonymous=filing.particulars.complainant is Complainant.ANONYMOUS,
        )

    try:
        receipt = await call.once(file)
    except AnswerReplayed as again:
        receipt = Receipt.model_validate_json(again.body)
    told = {
        "service_request_id": receipt.reference,
        "service_notice": _notice(receipt, desk, call.language),
        "account_id": report.account_id,
    }
    return response(Answer("service_requests", [told]), wanted, call.language)


def _notice(receipt: Receipt, desk: Desk, language: Language) -> str:
    """What happens next. For an anonymous request it holds the code: the standard has no other place for it, and every
    client shows this one."""
    zh, en = f"应于 {receipt.due} 前办结。", f"It is to be handled by {receipt.due}."
    if receipt.anonymous:
        code = follow_code(desk.keys, UUID(receipt.id))
        zh += f"查询码 {code}，凭受理编号和查询码跟踪办理；请妥善保存。"
        en += f" Follow it by this number and the code {code}; keep it."
    return zh if language == "zh" else en


def _source(call: Call) -> str:
    return f"open311.{(call.principal.token_id or call.principal.subject).replace('-', '')}"[:_SOURCE].lower()
