"""Filing a request."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.duplicates.suggesting import suggested_for
from services.intake.duplicates.wire import SimilarRequest, shown
from services.intake.guardians.queries import acts_for
from services.intake.questions.rules import AnswerMissing, NotAsked, WrongAnswer, packed
from services.intake.requests.actions.filing import (
    GenderUnknown,
    check_gender,
    file_for_known,
    file_for_new,
)
from services.intake.requests.actions.writing import IdempotencyKey, NumbersExhausted
from services.intake.requests.filing import Filing, Particulars, Words
from services.intake.requests.routes.schemas import FileRequest, RequestFiledAnswer
from services.intake.residents.queries import ResidentNotFound, held_or_loaded
from services.intake.residents.routes.schemas import NewResident
from services.intake.residents.rules import ReferenceTaken, ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.refusals import Forbidden, InvalidValue
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()


class WhoseRequest(InvalidValue):
    type = "one-resident"
    zh = "请提供 resident 或 new_resident 中的一项。"
    en = "Give either resident or new_resident."


class OwnRequestsOnly(Forbidden):
    type = "own-requests-only"
    zh = "您只能为自己提交诉求。"
    en = "You can file requests for yourself only."


@router.post(
    "/v1/requests",
    status_code=201,
    responses=refuses(
        WhoseRequest,
        OwnRequestsOnly,
        ResidentNotFound,
        ResidentErased,
        ReferenceTaken,
        UnknownCode,
        NotAsked,
        AnswerMissing,
        WrongAnswer,
        GenderUnknown,
        NumbersExhausted,
    ),
)
async def file_request(
    body: FileRequest,
    call: Annotated[Call, permit("requests:file")],
    desk: Annotated[Desk, provided(Desk)],
) -> RequestFiledAnswer:
    """File a request (受理). It has a number, its limits run, and the community is told at once."""
    answers = packed(await desk.questions.checked(call.tenant, body.category, body.answers))
    own = own_resident(call.principal)
    if own is not None and body.resident is not None and body.resident != own:
        async with call.transaction() as session:
            if await acts_for(session, own, body.resident):
                own = body.resident  # a guardian files for a minor
    resident = _resident(body, own)
    said = Particulars(
        channel=body.channel,
        urgency=body.urgency,
        category=None if body.category is None else known_code("category", body.category, field="category"),
        prefers_same_gender=body.prefers_same_gender,
        on_behalf=own_resident(call.principal) is None,
    )
    if isinstance(resident, NewResident):
        return await _file_for_new(body, body.words(answers), resident, said, call=call, desk=desk)
    return await _file_for_known(body, body.words(answers), resident, said, call=call, desk=desk)


async def _file_for_known(
    body: FileRequest, words: Words, resident: UUID, said: Particulars, *, call: Call, desk: Desk
) -> RequestFiledAnswer:
    await call.recall()
    holder = await held_or_loaded(desk.database, call.tenant, desk.keys, resident)
    check_gender(holder, said)
    asked = [(holder, words, said)]
    (filing,) = await desk.prepare(call.tenant, asked, now=call.now, by=actor_of(call.principal))
    answer = RequestFiledAnswer.of(filing, await _similar(body, filing, words, call, desk))
    text = answer.model_dump_json()
    claim = await call.claim()
    key = None
    if claim is not None:
        key = IdempotencyKey(claim.principal, claim.key, claim.fingerprint, 201, text, claim.at)
    if not await file_for_known(desk, call.tenant, filing, key):
        await call.replay()
    await call.remember(text.encode())
    return answer


async def _file_for_new(
    body: FileRequest, words: Words, resident: NewResident, said: Particulars, *, call: Call, desk: Desk
) -> RequestFiledAnswer:
    async def file(session: AsyncSession) -> RequestFiledAnswer:
        filing = await file_for_new(
            session,
            desk,
            resident.profile(),
            words,
            said,
            now=call.now,
            by=actor_of(call.principal),
            external=None if resident.external is None else resident.external.reference(),
        )
        return RequestFiledAnswer.of(filing, await _similar(body, filing, words, call, desk))

    return await call.once(file)


async def _similar(
    body: FileRequest, filing: Filing, words: Words, call: Call, desk: Desk
) -> list[SimilarRequest] | None:
    """Only where it was asked for: the hot path has no second round trip."""
    if not body.suggest:
        return None
    found = await suggested_for(desk, call.tenant, filing, words)
    return [shown(one, call.language, own=own_resident(call.principal)) for one in found]


def _resident(body: FileRequest, own: UUID | None) -> UUID | NewResident:
    """Whose request it is. Raises WhoseRequest, OwnRequestsOnly."""
    if own is not None:
        if body.new_resident is not None or body.resident not in {None, own}:
            raise OwnRequestsOnly
        return own
    if (body.resident is None) == (body.new_resident is None):
        raise WhoseRequest(field="resident")
    return body.resident or body.new_resident  # type: ignore[return-value]  # exactly one is there
