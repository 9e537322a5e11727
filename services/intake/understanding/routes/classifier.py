"""The classifier of a community: how good its proposals are, and training it on what people decided."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.residents.actions import Reading
from services.intake.understanding import actions, queries
from services.intake.understanding.actions import TooFewDecisions
from services.intake.understanding.queries import ModelNotFound
from services.intake.understanding.routes.schemas import (
    VERSION,
    Activation,
    ConfusedLine,
    ModelLine,
    Models,
    QualityRecord,
    path_name,
)
from shared.security import permit
from shared.understanding import shipped
from shared.web import Call, provided, refuses

router = APIRouter()
PURPOSE = "classifier_training"


@router.get("/v1/classifier/quality")
async def read_quality(
    call: Annotated[Call, permit("classifier:read")],
    model: Annotated[str | None, Query(pattern=VERSION, max_length=48)] = None,
) -> QualityRecord:
    """How people decided on its proposals, and what it takes for what."""
    async with call.transaction() as session:
        found = await queries.quality_of(session, model)
    return QualityRecord(
        model=model,
        decided=found.decided,
        confirmed=found.confirmed,
        corrected=found.corrected,
        waiting=found.waiting,
        automatic=found.automatic,
        confused=[
            ConfusedLine(
                proposed=proposed,
                proposed_name=path_name(proposed, call.language),
                decided=decided,
                decided_name=path_name(decided, call.language),
                times=times,
            )
            for proposed, decided, times in found.confused
        ],
    )


@router.get("/v1/classifier/models")
async def list_models(call: Annotated[Call, permit("classifier:read")]) -> Models:
    """The community's own, the latest first, then the one that comes with the platform."""
    async with call.transaction() as session:
        own = await queries.models(session)
    lines = [
        ModelLine(version=row.version, created=row.created, active=row.active, report=row.report)
        for row in own
    ]
    base = ModelLine(
        version=shipped().version, created=None, active=not any(line.active for line in lines), report=None
    )
    return Models(models=[*lines, base])


@router.post("/v1/classifier/models", status_code=201, responses=refuses(TooFewDecisions))
async def train_model(
    call: Annotated[Call, permit("classifier:train")], desk: Annotated[Desk, provided(Desk)]
) -> ModelLine:
    """Train on what people decided, on top of the shipped model. It reads from now on if it judges decisions that it has
    not seen at least as well as the one before; each resident whose words were used sees that in their read log."""
    await call.recall()
    reading = Reading(actor_of(call.principal), PURPOSE, call.now)
    needed = desk.policies.of(call.tenant).understanding.train_from
    async with call.transaction() as session:
        learnt = await actions.decisions(session, desk, reading, needed=needed)
    # Between two transactions: some seconds of computing hold no connection.
    result = await actions.trained(shipped(), learnt, actions.version_of(call.now))

    async def keep(session: AsyncSession) -> ModelLine:
        await actions.keep(session, result, now=call.now)
        return ModelLine(
            version=result.version, created=call.now, active=result.better, report=dict(result.report)
        )

    line = await call.once(keep)
    desk.readers.forget(call.tenant)
    return line


@router.post("/v1/classifier/activation", responses=refuses(ModelNotFound))
async def activate_model(
    body: Activation,
    call: Annotated[Call, permit("classifier:train")],
    desk: Annotated[Desk, provided(Desk)],
) -> Models:
    """Read with another model; all processes do within a minute."""

    async def activate(session: AsyncSession) -> Models:
        await actions.activate(session, body.version)
        own = await queries.models(session)
        return Models(
            models=[
                ModelLine(
                    version=row.version,
                    created=row.created,
                    active=row.version == body.version,
                    report=row.report,
                )
                for row in own
            ]
        )

    models = await call.once(activate)
    desk.readers.forget(call.tenant)
    return models
