"""What the caller chose about being told."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from services.notifications.inbox.people import NotAPerson, person_of
from services.notifications.messages.rules import Channel
from services.notifications.preferences.actions import choose
from services.notifications.preferences.queries import versioned
from services.notifications.preferences.rules import (
    MANDATORY,
    Group,
    MandatoryGroup,
    Preference,
    RepeatedChannel,
    checked,
)
from shared.security import permit
from shared.web import Call, Model, refuses

router = APIRouter(tags=["preferences"])

ChoosableChannel = Literal[Channel.SMS, Channel.MAIL, Channel.INAPP]


class Preferences(Model):
    channels: list[ChoosableChannel]
    """Tried from the first, as far as there is an address; the in-app inbox is always the last resort."""
    language: Literal["zh", "en"] | None = None
    """None: as the contact says."""
    opt_outs: list[Group] = Field(default_factory=list)
    """Groups that go to the in-app inbox only. Receipts, decisions and duties cannot be turned off."""


class ShownPreferences(Preferences):
    mandatory: list[Group]
    """Groups that cannot be turned off."""


@router.get("/v1/preferences", responses=refuses(NotAPerson))
async def get_preferences(call: Annotated[Call, permit("preferences:write")]) -> ShownPreferences:
    async with call.transaction() as session:
        chosen, version = await versioned(session, person_of(call.principal))
    call.etag(version)
    return _shown(chosen)


@router.put("/v1/preferences", responses=refuses(NotAPerson, MandatoryGroup, RepeatedChannel))
async def put_preferences(
    body: Preferences, call: Annotated[Call, permit("preferences:write")]
) -> ShownPreferences:
    """Refuses a mandatory group among the opt-outs (`mandatory-group`), and a channel named twice."""
    person = person_of(call.principal)
    chosen = checked(body.channels, body.language, body.opt_outs)
    async with call.transaction() as session:
        version = await choose(session, person, chosen, call.now)
    call.etag(version)
    return _shown(chosen)


def _shown(chosen: Preference) -> ShownPreferences:
    return ShownPreferences(
        channels=[channel for channel in chosen.order if channel is not Channel.WEBHOOK],
        language="zh" if chosen.language == "zh" else "en" if chosen.language == "en" else None,
        opt_outs=sorted(chosen.opt_outs),
        mandatory=sorted(MANDATORY),
    )
